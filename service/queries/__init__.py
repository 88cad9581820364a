"""Questions to the tables, by subject: routes and workers know these, these know the tables."""
