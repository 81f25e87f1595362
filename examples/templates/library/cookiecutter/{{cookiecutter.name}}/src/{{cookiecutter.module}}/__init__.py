"""The library {{ cookiecutter.name }}."""
