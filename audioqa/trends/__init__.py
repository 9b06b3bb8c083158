"""Trends over stored calls: figures by carrier, hour or whatever is known of them, with intervals and least numbers.

Modules: `zones` (local time), `counting` (groups of calls), `figures` (numbers with intervals), `report` (a question
and its answer), `correlation` (scores and numbers of one's own), `overlap` (what another estimator changes).
"""
