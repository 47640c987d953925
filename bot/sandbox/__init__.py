"""Small servers on loopback that speak Microsoft's wire formats, and the people who use them."""
