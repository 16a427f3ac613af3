"""The HTTP side: small, stateless between requests, and without a model or a decoder."""
