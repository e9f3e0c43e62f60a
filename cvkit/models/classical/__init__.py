"""Detectors that need no network: cascades, HOG, dlib. One module a kind."""
