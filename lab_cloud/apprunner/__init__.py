"""AWS App Runner: services from images, with a URL, that scale by the requests in them."""
