"""One file per question a manager asks; each is a page that `main.py` runs."""
