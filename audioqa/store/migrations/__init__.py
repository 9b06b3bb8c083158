"""How the tables came to be what they are, step by step (Alembic). A step that was released is never changed."""
