"""The HTTP interface, one file a resource; access to each is stated with it."""
