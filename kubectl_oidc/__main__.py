"""``python -m kubectl_oidc``: the program, by its package's name."""

from . import main

if __name__ == "__main__":
    main()
