"""Parts that the views are made of."""
