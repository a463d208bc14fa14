"""What every Python that a RUN starts loads first, by its name: `sitecustomize`."""
