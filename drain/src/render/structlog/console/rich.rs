//! Errors in a frame of lines, in the way of rich's tracebacks: outermost call first, the error beneath
//! in red. Records carry no source lines and no locals, so there are none.

use logring::record::ErrorChain;

use super::super::{block, safe};
use super::style::{BRIGHT, CYAN, DIM, MAGENTA, RED, RESET};

/// Characters between the sides of the frame, as wide as a terminal of 100 with the indent.
const WIDTH: usize = 92;
const TITLE: &str = " Traceback (most recent call last) ";
const CAUSED: &str = "The above exception was the direct cause of the following exception:";

/// Appends the error with its causes, innermost first.
pub(super) fn put(chain: &ErrorChain<'_>, colors: bool, exact: bool, out: &mut String) {
    let color = |sequence| if colors { sequence } else { "" };
    let indent = if exact { "" } else { block::INDENT };
    // An error that says nothing is one all the same.
    for index in (0..chain.messages.len().max(1)).rev() {
        let message = chain.messages.get(index).map_or("", |message| message);
        if index == 0 && !chain.frames.is_empty() {
            frame(chain, &color, indent, out);
        }
        out.extend([indent, color(RED), color(BRIGHT), "Error:", color(RESET), " "]);
        safe::put(message, false, out);
        if index > 0 {
            out.extend([
                "\n",
                indent,
                "\n",
                indent,
                color(DIM),
                CAUSED,
                color(RESET),
                "\n",
                indent,
                "\n",
            ]);
        }
    }
}

fn frame(
    chain: &ErrorChain<'_>,
    color: &impl Fn(&'static str) -> &'static str,
    indent: &str,
    out: &mut String,
) {
    let side = |count| "─".repeat(count);
    let left = (WIDTH - TITLE.len()) / 2;
    let right = WIDTH - TITLE.len() - left;
    out.extend([indent, color(RED), "╭", &side(left), color(RESET), color(BRIGHT), TITLE]);
    out.extend([color(RESET), color(RED), &side(right), "╮", color(RESET), "\n"]);
    for said in chain.frames.iter().rev() {
        out.extend([indent, color(RED), "│", color(RESET), " "]);
        let (name, place) = said.split_once(" at ").unwrap_or((said, ""));
        let mut shown = 0;
        let mut part = |text: &str, style, out: &mut String| {
            let mut whole = String::new();
            safe::put(text, false, &mut whole);
            // What does not fit is cut: a frame has sides.
            let cut: String = whole.chars().take(WIDTH - 2 - shown).collect();
            shown += cut.chars().count();
            out.extend([color(style), &cut, color(RESET)]);
        };
        part(name, MAGENTA, out);
        if !place.is_empty() {
            part(" at ", DIM, out);
            part(place, CYAN, out);
        }
        out.push_str(&" ".repeat(WIDTH - 1 - shown));
        out.extend([color(RED), "│", color(RESET), "\n"]);
    }
    out.extend([indent, color(RED), "╰", &side(WIDTH), "╯", color(RESET), "\n"]);
}
