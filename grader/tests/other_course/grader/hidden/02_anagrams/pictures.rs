//! What there is to see in exercise 2.

use judge::pictures::*;

const WORDS: [&str; 4] = ["listen", "silent", "Enlist", "tinsel!"];

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let names = || WORDS.into_iter().enumerate().map(|(n, word)| (n as f64 + 0.5, word));
    let mut picture =
        Picture::new("pairs", "Who is made of whom", Axis::new("").ticks(names()), Axis::new("").ticks(names()))
            .caption(
                "Dark cells are anagrams. The first three words are, in any order; a letter more is one too many.",
            );
    let cells = Cells { x: (0.0, 4.0), y: (0.0, 4.0), columns: 4, rows: 4 };
    let answers = ask.both(|side| {
        let mut answers = Vec::new();
        for one in WORDS.into_iter().rev() {
            for other in WORDS {
                answers.push(
                    side.ask("are_anagrams", &Record::new().with("one", one).with("other", other))?.number(RESULT),
                );
            }
        }
        Ok(answers)
    })?;
    match answers.learner {
        Ok(answers) => picture.raster(cells, answers, Palette::Heat, (0.0, 1.0)),
        Err(note) => picture.note(note),
    }
    Ok(vec![picture])
}
