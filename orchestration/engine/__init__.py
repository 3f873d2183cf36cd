"""The engine that builds the models: DuckDB and dbt, each in a module of its own."""
