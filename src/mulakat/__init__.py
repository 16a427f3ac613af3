"""Mulakat: spoken job-interview practice in Turkish and English, in one 512 MB container."""

__version__ = "0.1.0"
