"""Makes pictures from settings and inputs."""
