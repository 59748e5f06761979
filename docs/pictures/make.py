#!/usr/bin/env python3
"""Makes the pictures of the README out of a fixture: the terminal's, and the HTML report's.

    cargo build --release && python3 docs/pictures/make.py target/release/consensus

It needs chromium. The pictures show what the program prints; nothing in them is drawn by hand.
"""
import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
COLOURS = {"1": "font-weight:700", "2": "opacity:.62", "31": "color:#ff7b72", "32": "color:#56d364", "33": "color:#e3b341"}


def span(code):
    styles = [COLOURS[part] for part in code.split(";") if part in COLOURS]
    return f'<span style="{";".join(styles)}">' if styles else "</span>"


def page(text):
    """The terminal's text as a page; a reset closes what is open."""
    out, depth = [], 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if code is None:
            out.append(html.escape(part))
        elif code[1] in ("", "0"):
            out.append("</span>" * depth)
            depth = 0
        else:
            out.append(span(code[1]))
            depth += 1
    style = "margin:0;padding:22px 26px;background:#0d1117;color:#e6edf3;font:14px/1.45 'DejaVu Sans Mono',monospace;white-space:pre"
    return f'<!doctype html><meta charset="utf-8"><body style="{style}">' + "".join(out)


def picture(source, target, width, height):
    subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--window-size={width},{height}", f"--screenshot={target}", f"file://{source}"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        here = pathlib.Path(directory)
        environment = {**os.environ, "COLUMNS": "100", "SOURCE_DATE_EPOCH": "1767323045"}
        (here / "fixtures").symlink_to(ROOT / "fixtures")

        def run(*arguments):
            return subprocess.run([program, *arguments], cwd=here, env=environment, check=True,
                                  capture_output=True, text=True).stdout

        shown = run("run", "fixtures/hazards.md", "--color", "always")
        shown = "\n".join(shown.splitlines()[:27])
        (here / "terminal.html").write_text(page("$ consensus run fixtures/hazards.md\n" + shown))
        picture(here / "terminal.html", HERE / "terminal.png", 900, 620)
        (here / "report.html").write_text(run("report", "hazards@latest", "--format", "html"))
        picture(here / "report.html", HERE / "report.png", 900, 1000)


main()
