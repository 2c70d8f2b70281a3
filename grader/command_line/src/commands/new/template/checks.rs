//! What is right in exercise NUMBER, and what is commonly got wrong.
//!
//! TO WRITE: a check for each promise of the stub, and the mistakes that learners make there.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("double", "double", "double returns twice its argument", 1)
            .on(|draw| [3.0, -0.5, draw::number(draw, 10.0)].map(|x| Record::new().with("x", x)).to_vec())
            .expects(|c| 2.0 * c.float("x"))
            .mistake("squared", "x² is x times itself; twice x is x + x.", |c| c.float("x") * c.float("x")),
    ]
}
