"""The `mulakat` command; the only room that reads the environment."""
