"""Perceptual measures: samples in, scores out."""
