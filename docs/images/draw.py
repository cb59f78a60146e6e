"""Draws what a command printed on a terminal: draw.py COMMAND COLUMNS PRINTED SVG."""

import os
import sys

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

NORMAL = [(40, 44, 52), (224, 108, 117), (152, 195, 121), (229, 192, 123)]
NORMAL += [(97, 175, 239), (198, 120, 221), (86, 182, 194), (220, 223, 228)]
BRIGHT = [(92, 99, 112), *NORMAL[1:7], (255, 255, 255)]
THEME = TerminalTheme((30, 33, 39), (220, 223, 228), NORMAL, BRIGHT)

command, columns, printed, svg = sys.argv[1:]
with open(printed, encoding="utf-8", errors="replace") as file:
    text = file.read().replace("\r\n", "\n").replace("^C", "").strip("\n")
console = Console(record=True, width=int(columns), file=open(os.devnull, "w"), force_terminal=True)
console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
console.print(Text.from_ansi(text), no_wrap=True, overflow="crop")
# The ratio and the name of the font that is there; rsvg-convert drops spaces that nobody preserves.
picture = console.export_svg(title="", theme=THEME, font_aspect_ratio=0.602)
picture = picture.replace("Fira Code", "DejaVu Sans Mono")
picture = picture.replace("<text ", '<text xml:space="preserve" ')
with open(svg, "w", encoding="utf-8") as file:
    file.write(picture)
