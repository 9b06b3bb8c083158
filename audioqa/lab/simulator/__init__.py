"""Clean speech in, a telephone call out, with the truth of what was done to it: seeded, stored, repeatable."""
