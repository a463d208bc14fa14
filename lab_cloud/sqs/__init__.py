"""Amazon SQS, as far as moto's is too slow or waits while others must: the messages, and how they are received."""
