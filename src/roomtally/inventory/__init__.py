"""What moves house: volumes, their sums with a range, and the routes that show them."""
