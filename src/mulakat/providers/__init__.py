"""What can be exchanged: recognisers, embedders and evaluators, each behind a Protocol."""
