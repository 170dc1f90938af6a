"""Plain networks, one architecture a file: no input, no output, no weights of their own."""
