"""The smallest Typer program that has commands."""

import typer

app = typer.Typer()


@app.command()
def threshold(path: str) -> None:
    """Cut a picture at a level."""


@app.command()
def edges(path: str) -> None:
    """Find edges."""


if __name__ == "__main__":
    app()
