"""Amazon ECS, owned outright: its nouns, its pure rules, and the reconciler that makes them true."""
