"""How a report looks: table, JSON, CSV, plot and self-contained page. Each is a projection of one `CallReport`."""
