"""One file an impairment: pure functions from measurements to events."""
