import sys
from rich.console import Console
from rich.text import Text
from rich.terminal_theme import TerminalTheme
command, width, raw, svg = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
text = open(raw, errors="replace").read().replace("\r\n", "\n").rstrip("\n")
theme = TerminalTheme((30,33,39),(220,223,228),[(40,44,52),(224,108,117),(152,195,121),(229,192,123),(97,175,239),(198,120,221),(86,182,194),(220,223,228)],[(92,99,112),(224,108,117),(152,195,121),(229,192,123),(97,175,239),(198,120,221),(86,182,194),(255,255,255)])
console = Console(record=True, width=width, file=open("/dev/null","w"), color_system="truecolor", force_terminal=True)
console.print(Text("$ ", "bold green")+Text(command,"bold"))
console.print(Text.from_ansi(text), soft_wrap=True, overflow="ignore", no_wrap=True, crop=False)
svg_text = console.export_svg(title="", theme=theme, font_aspect_ratio=0.602)
svg_text = svg_text.replace("Fira Code", "DejaVu Sans Mono").replace("<text ", "<text xml:space=\"preserve\" ")
open(svg,"w").write(svg_text)
