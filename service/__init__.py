"""The service: web, database, jobs and page."""
