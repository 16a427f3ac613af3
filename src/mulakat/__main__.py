"""`python -m mulakat` is the `mulakat` command; processes we start use this form."""

from mulakat.cli.main import main

if __name__ == "__main__":
    main()
