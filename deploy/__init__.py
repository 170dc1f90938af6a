"""Where the app runs for others: as a Space, in a container, behind nginx."""
