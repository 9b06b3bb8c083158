"""What is kept of reviews: the queue, who has which call, ratings, verdicts, settings and scorecards.

Functions on an open transaction; `audioqa.review` says when they are called, and what they mean.
"""
