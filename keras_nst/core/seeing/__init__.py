"""What of the objective a picture shows: seen whole, or in tiles."""
