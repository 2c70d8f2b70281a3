//! What is right in exercise 20, and what is commonly got wrong.
//!
//! The judge writes and reads the formats by itself, so that it knows what every changed byte has to lead to. Numbers
//! are kept exactly or not at all, so every comparison is exact, but for that of a whole training: the solution's
//! `lesson.rs` measures that another order of adding changes it by less than 1e-11, and 1e-9 is allowed.

use std::collections::BTreeMap;

use judge::prelude::*;
use ndarray::{ArrayD, arr0};
use rand::seq::SliceRandom;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = vec![state_dict()];
    checks.extend(load_state_dict());
    checks.push(adam_state());
    checks.extend(adam_from_state());
    checks.push(write_array());
    checks.extend(read_array());
    checks.push(encode());
    checks.extend(decode());
    checks.push(checkpoint());
    checks.extend(resume());
    checks.push(to_safetensors());
    checks.extend(from_safetensors());
    checks.extend(from_pytorch());
    let is_training = |check: &Check| check.id == "exact_resume";
    checks.into_iter().map(|check| if is_training(&check) { check } else { check.within(Tolerance::EXACT) }).collect()
}

type Dict = BTreeMap<String, ArrayD<f64>>;

fn state_dict() -> Check {
    Check::new("state_dict", "state_dict", "state_dict copies every parameter under its name", 2)
        .on(|draw| {
            let narrow = with_arrays(Record::new(), "net ", &parameters(draw, &[3, 4, 2]));
            let deep = with_arrays(Record::new(), "net ", &parameters(draw, &[2, 3, 1, 3, 2, 4, 1]));
            vec![narrow, deep.with("columns_first", true)]
        })
        .expects(|c| with_dict(Record::new(), "", &dict(c, "net ")))
        .mistake(
            "counted_from_one",
            "The first name is `parameter.1`. Names count from 0: `parameter.0` comes first.",
            |c| {
                let shifted = (1..).zip(in_order(&dict(c, "net "))).map(|(i, array)| (name(i), array));
                with_dict(Record::new(), "", &shifted.collect())
            },
        )
        .mistake(
            "gradients_saved",
            "Every number is 0. Gradients are 0 before the first backward pass; copy the `value` of each parameter \
             instead.",
            |c| with_dict(Record::new(), "", &map(&dict(c, "net "), |array| ArrayD::zeros(array.shape()))),
        )
}

fn load_state_dict() -> Vec<Check> {
    let check =
        |id, title, points| Check::new(id, "load_state_dict", title, points).asks("load_state_dict").tests(loaded);
    vec![
        check("load_by_name", "load_state_dict sets every parameter to the array of its name", 2)
            .on(|draw| {
                // Layers of one shape: whatever gets mixed up still fits.
                [&[2, 2, 2, 2, 2, 2, 2][..], &[3, 2, 4]]
                    .map(|sizes| net_and_state(&parameters(draw, sizes), &parameters(draw, sizes)))
                    .to_vec()
            })
            .mistake(
                "order_of_the_map",
                "In a deep network, some parameters got the arrays of others. A map sorts its names as text, so \
                 `parameter.10` comes before `parameter.2`: look up the array of each parameter by its name.",
                |c| {
                    let state = dict(c, "state ");
                    let by_letters = (0..).zip(state.values()).map(|(i, array)| (name(i), array.clone())).collect();
                    with_network(outcome("Ok"), &by_letters)
                },
            )
            .mistake(
                "nothing_loaded",
                "It returns Ok, but the network has not changed. `parameters()` lends you the numbers themselves: \
                 `parameter.value.assign(…)` changes them.",
                |c| with_network(outcome("Ok"), &dict(c, "net ")),
            ),
        check("load_missing", "load_state_dict names a missing parameter, and then changes nothing", 1)
            .after("load_by_name")
            .on(|draw| {
                [2, 1, 3]
                    .map(|missing| {
                        let mut state = parameters(draw, &[3, 2, 2]);
                        state.remove(&name(missing));
                        net_and_state(&parameters(draw, &[3, 2, 2]), &state)
                    })
                    .to_vec()
            })
            .mistake("half_loaded", HALF_LOADED, half_loaded),
        check("load_unexpected", "load_state_dict names an unexpected array, and then changes nothing", 1)
            .after("load_missing")
            .on(|draw| {
                let net = parameters(draw, &[3, 2, 2]);
                let mut more = parameters(draw, &[3, 2, 2]);
                more.insert(name(size(draw, 4, 9)), draw::vector(draw, 2, 1.0).into_dyn());
                // A name that is spelt in another way is missing as well as unexpected.
                let mut other = parameters(draw, &[3, 2, 2]);
                let moved = other.remove("parameter.0").expect("there is a first one");
                other.insert("Parameter.0".to_owned(), moved);
                // The first one is reported.
                let mut two = parameters(draw, &[3, 2, 2]);
                two.insert("a bias".to_owned(), draw::vector(draw, 2, 1.0).into_dyn());
                two.insert("weights".to_owned(), draw::vector(draw, 2, 1.0).into_dyn());
                let mut less = parameters(draw, &[3, 2, 2]);
                less.remove("parameter.1");
                [more, other, two, less].map(|state| net_and_state(&net, &state)).to_vec()
            }),
        check("load_shape", "load_state_dict names an array of another shape, and then changes nothing", 2)
            .after("load_by_name")
            .on(|draw| {
                let net = parameters(draw, &[2, 3, 4]);
                let mut stretched = parameters(draw, &[2, 3, 4]);
                stretched.insert(name(3), draw::vector(draw, 1, 1.0).into_dyn());
                let mut turned = parameters(draw, &[2, 3, 4]);
                turned.insert(name(2), draw::matrix(draw, (4, 3), 1.0).into_dyn());
                let mut early = parameters(draw, &[2, 3, 4]);
                let wider = (2, size(draw, 4, 9));
                early.insert(name(0), draw::matrix(draw, wider, 1.0).into_dyn());
                early.remove(&name(3));
                [stretched, turned, early].map(|state| net_and_state(&net, &state)).to_vec()
            })
            .mistake("half_loaded", HALF_LOADED, half_loaded)
            .mistake(
                "expected_and_found_swapped",
                "`expected` and `found` are swapped. `expected` is the shape of the parameter in the network, `found` \
                 that of the array in `state`.",
                |c| with_outcome(load(c, &Tests::default(), true).0, &dict(c, "net ")),
            ),
    ]
}

const HALF_LOADED: &str = "\
    The error is right, but earlier parameters have been changed already: the network is neither the old one nor the \
    new one. Check everything first, and change parameters only when nothing can fail any more.";

fn adam_state() -> Check {
    Check::new("adam_state", "adam_state", "adam_state holds all that Adam remembers", 2)
        .on(|draw| vec![adam(draw, &[3, 4, 2]), adam(draw, &[2, 3, 1, 2]).with("columns_first", true), adam(draw, &[])])
        .expects(|c| with_dict(Record::new(), "", &state_of_adam(c)))
        .mistake(
            "numbers_with_an_axis",
            "`learning_rate` and `n_steps` are arrays with one axis. A single number needs none: `arr0(x).into_dyn()`.",
            |c| {
                let one_axis = |array: &ArrayD<f64>| if array.ndim() == 0 { flat(array) } else { array.clone() };
                with_dict(Record::new(), "", &map(&state_of_adam(c), one_axis))
            },
        )
        .mistake("means_and_squares_swapped", "`mean.0` holds the mean squares, and `mean_square.0` the means.", |c| {
            with_dict(Record::new(), "", &swapped(&state_of_adam(c)))
        })
}

/// The state with means and mean squares in each other's place.
fn swapped(state: &Dict) -> Dict {
    let swap = |(name, array): (&String, &ArrayD<f64>)| {
        let other = match name.split_once('.') {
            Some(("mean", i)) => format!("mean_square.{i}"),
            Some(("mean_square", i)) => format!("mean.{i}"),
            _ => name.clone(),
        };
        (other, array.clone())
    };
    state.iter().map(swap).collect()
}

fn adam_from_state() -> Vec<Check> {
    vec![
        Check::new("adam_from_state", "adam_from_state", "adam_from_state restores the optimiser from its state", 2)
            .on(|draw| {
                [&[2, 2, 2, 2, 2, 2, 2][..], &[3, 2], &[]]
                    .map(|sizes| with_arrays(Record::new(), "state ", &state_of_adam(&adam(draw, sizes))))
                    .to_vec()
            })
            .tests(|c, tests| restored(&dict(c, "state "), tests))
            .mistake(
                "steps_start_over",
                "`n_steps` is 0. The bias correction would treat the next step as the first one, although the means \
                 are old, and make it too short.",
                |c| with_count(restored(&dict(c, "state "), &Tests::default()), "n_steps", 0),
            )
            .mistake(
                "memory_in_order_of_the_map",
                "With many parameters, some got the memory of others. A map sorts its names as text, so `mean.10` \
                 comes before `mean.2`: look up `mean.0`, `mean.1` and so on by name.",
                |c| restored(&by_letters(&dict(c, "state ")), &Tests::default()),
            )
            .mistake("restored_swapped", "Means and mean squares are swapped.", |c| {
                restored(&swapped(&dict(c, "state ")), &Tests::default())
            }),
        Check::new(
            "adam_damaged",
            "adam_from_state",
            "adam_from_state names what is missing or does not belong there",
            2,
        )
        .asks("adam_from_state")
        .after("adam_from_state")
        .on(|draw| {
            let lost = size(draw, 0, 2);
            let names = ["learning_rate", "n_steps", &format!("mean_square.{lost}")];
            let mut cases: Vec<Dict> = Vec::new();
            for name in names {
                let mut state = state_of_adam(&adam(draw, &[3, 2, 2]));
                state.remove(name);
                cases.push(state);
            }
            // Means are counted to the first gap; what is behind it does not belong there.
            let mut gap = state_of_adam(&adam(draw, &[3, 2, 2]));
            gap.remove("mean.1");
            cases.push(gap);
            for (name, like) in [("velocity.0", "mean.0"), ("mean_square.4", "mean_square.3")] {
                let mut state = state_of_adam(&adam(draw, &[3, 2, 2]));
                state.insert(name.to_owned(), state[like].clone());
                cases.push(state);
            }
            cases.iter().map(|state| with_arrays(Record::new(), "state ", state)).collect()
        })
        .tests(|c, tests| restored(&dict(c, "state "), tests))
        .mistake_if(
            "gap_called_missing",
            "A mean is reported as missing. Means are counted from `mean.0` up to the first number that has none, so \
             no mean can be missing. One with a larger number does not belong there: `Unexpected`.",
            |_, seen| seen.text("outcome").starts_with("Missing(\"mean."),
        )
        .mistake_if(
            "adam_missing_ignored",
            "It returns Ok, although something that Adam needs is missing. Return `LoadError::Missing` with its name.",
            |c, seen| {
                seen.text("outcome") == "Ok"
                    && restored(&dict(c, "state "), &Tests::default()).text("outcome").starts_with("Missing")
            },
        ),
    ]
}

fn write_array() -> Check {
    Check::new("write_array", "write_array", "write_array appends axes, lengths and entries", 3)
        .on(|draw| {
            let row = Record::new().with("array", draw::vector(draw, 3, 2.0));
            let number = Record::new().with("array", arr0(draw::number(draw, 2.0)));
            let special =
                Record::new().with("array", array![[-0.0, f64::NAN], [f64::INFINITY, draw::number(draw, 1.0)]]);
            let matrix = Record::new().with("array", draw::matrix(draw, (2, 3), 2.0));
            let turned = Record::new().with("array", draw::matrix(draw, (3, 2), 2.0)).with("columns_first", true);
            vec![row, number, matrix, special, turned]
        })
        .expects(|c| in_hex(&written(c, f64::to_le_bytes)))
        .mistake(
            "memory_order",
            "A transposed array is written in the order of its memory, which is column by column. Write the entries \
             row by row: `iter()` does that for every array, but methods that look at the memory do not.",
            |c| match (c.get("columns_first"), matrix(c)) {
                (Some(_), Some(matrix)) => {
                    in_hex(&bytes_of(matrix.shape(), matrix.t().iter().copied(), f64::to_le_bytes))
                }
                _ => in_hex(&written(c, f64::to_le_bytes)),
            },
        )
        .mistake(
            "columns_written_first",
            "Matrices are written column by column. Write them row by row: the last axis is the fastest.",
            |c| match matrix(c) {
                Some(matrix) => in_hex(&bytes_of(matrix.shape(), matrix.t().iter().copied(), f64::to_le_bytes)),
                None => in_hex(&written(c, f64::to_le_bytes)),
            },
        )
        .mistake(
            "array_without_slice",
            "`as_slice()` is `None` for a transposed array: its rows do not lie one after the other in memory. Go \
             through the entries with `iter()`, which works for every array.",
            |c| {
                if c.get("columns_first").is_some() {
                    Prediction::Panics
                } else {
                    in_hex(&written(c, f64::to_le_bytes)).into()
                }
            },
        )
        .mistake("big_endian", BIG_ENDIAN, |c| in_hex(&written(c, f64::to_be_bytes)))
        .mistake("big_endian", BIG_ENDIAN, |c| {
            let bytes = written(c, f64::to_le_bytes);
            in_hex(&bytes.chunks(8).flat_map(|number| number.iter().rev()).copied().collect::<Vec<_>>())
        })
        .mistake(
            "shape_left_out",
            "The entries are there without their shape. The number of axes and their lengths come first.",
            |c| {
                let bytes = written(c, f64::to_le_bytes);
                let n_axes = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
                in_hex(&bytes[8 + 8 * n_axes..])
            },
        )
        .mistake(
            "axes_not_counted",
            "The number of axes is missing before their lengths. A reader could not tell where the lengths end and the \
             entries begin.",
            |c| in_hex(&written(c, f64::to_le_bytes)[8..]),
        )
        .mistake(
            "length_for_shape",
            "Each array is written as one long row: one axis, and the number of all entries. Its shape is lost.",
            |c| {
                let array = entry(c, "array");
                in_hex(&bytes_of(&[array.len()], array.iter().copied(), f64::to_le_bytes))
            },
        )
        .mistake(
            "singles_in_bytes",
            "The entries take 4 bytes each. An `f32` has only 7 digits; keep the whole `f64`.",
            |c| {
                let array = entry(c, "array");
                let mut bytes = bytes_of(array.shape(), [], f64::to_le_bytes);
                bytes.extend(array.iter().flat_map(|number| (*number as f32).to_le_bytes()));
                in_hex(&bytes)
            },
        )
}

const BIG_ENDIAN: &str = "\
    The bytes of numbers come in the opposite order: `to_be_bytes` begins with the most significant byte. The format is \
    little-endian, which is `to_le_bytes`.";

fn read_array() -> Vec<Check> {
    let whole = |draw: &mut probe::Generator, array: ArrayD<f64>| {
        let mut bytes = bytes_of(array.shape(), array.iter().copied(), f64::to_le_bytes);
        bytes.extend((0..size(draw, 1, 20)).map(|i| i as u8));
        bytes
    };
    vec![
        Check::new("read_array", "read_array", "read_array takes an array from the front, and leaves the rest", 2)
            .on(move |draw| {
                let arrays = [
                    draw::matrix(draw, (2, 3), 2.0).into_dyn(),
                    draw::matrix(draw, (4, 2), 2.0).into_dyn(),
                    draw::vector(draw, 3, 2.0).into_dyn(),
                    arr0(draw::number(draw, 2.0)).into_dyn(),
                    ArrayD::zeros(vec![0, 3]),
                ];
                arrays.map(|array| of_bytes(whole(draw, array))).to_vec()
            })
            .tests(|c, tests| array_read(c.bytes("bytes"), tests))
            .mistake(
                "rest_taken_as_well",
                "The array is right, but no bytes are left. What follows the array is for the next reader: take as \
                 many bytes as the shape says.",
                |c| with_count(array_read(c.bytes("bytes"), &Tests::default()), "bytes left", 0),
            )
            .mistake(
                "bytes_not_taken",
                "The array is right, but its entries are still in `bytes`: the next reader would find them again. \
                 `take` shortens `bytes`.",
                |c| {
                    let read = array_read(c.bytes("bytes"), &Tests::default());
                    let left = read.count("bytes left") + 8 * entry(&read, "array").len();
                    with_count(read, "bytes left", left)
                },
            )
            .mistake(
                "big_endian_read",
                "The bytes of each entry are read in the opposite order. The format is little-endian: `from_le_bytes`.",
                |c| match array_read_from(c.bytes("bytes"), &Tests::default()) {
                    Ok((array, left)) => outcome("Ok")
                        .with("array", array.mapv(|number| f64::from_bits(number.to_bits().swap_bytes())))
                        .with("bytes left", left),
                    Err(error) => outcome(&error),
                },
            ),
        Check::new("read_truncated", "read_array", "read_array trusts no length that the bytes announce", 2)
            .asks("read_array")
            .after("read_array")
            .on(move |draw| {
                let matrix = draw::matrix(draw, (2, 3), 2.0).into_dyn();
                let bytes = bytes_of(matrix.shape(), matrix.iter().copied(), f64::to_le_bytes);
                let mut cases = vec![whole(draw, matrix)];
                for length in [0, 5, 20, size(draw, 24, 70), bytes.len() - 1] {
                    cases.push(bytes[..length].to_vec());
                }
                let announced = |lengths: &[u64]| {
                    let mut bytes = (lengths.len() as u64).to_le_bytes().to_vec();
                    bytes.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
                    bytes.extend([0; 16]);
                    bytes
                };
                cases.push(announced(&[1000, 1000]));
                // More entries than memory has, then more than can be counted in a usize: their product would be 0.
                cases.push(announced(&[1 << 40, 1 << 12]));
                cases.push(announced(&[1 << 61]));
                cases.push(announced(&[1 << 32, 1 << 32]));
                // As many axes as there are numbers.
                cases.push(u64::MAX.to_le_bytes().to_vec());
                cases.into_iter().map(of_bytes).collect()
            })
            .tests(|c, tests| array_read(c.bytes("bytes"), tests)),
    ]
}

fn encode() -> Check {
    let encode = Check::new("encode", "encode", "encode writes a checkpoint as its documentation says", 3)
        .after("write_array")
        .on(|draw| vec![training(draw, &[3, 4, 2]), training(draw, &[2, 1]), training(draw, &[])])
        .expects(|c| in_hex(&encoded(c)));
    let wrong_lengths: [fn(u64) -> u64; 3] = [|body| body + 24, |body| body + 8, |body| body];
    let with_wrong_length = |check: Check, length| {
        check.mistake(
            "other_length",
            "The third number does not count all bytes. It says how many there are from the first to the last, with \
             MAGIC and the checksum.",
            move |c| in_hex(&encoded_with(c, length, |head, body| [head, body].concat())),
        )
    };
    let wrong_sums: [Summed; 2] = [|_, body| body.to_vec(), |head, body| [&head[..16], &[0; 8], body].concat()];
    let with_wrong_sum = |check: Check, summed| {
        check.mistake(
            "checksum_of_others",
            "Only the checksum is wrong. It has to cover all bytes before it as they are in the end: MAGIC, the \
             version and the length as well.",
            move |c| in_hex(&encoded_with(c, |body| body + 32, summed)),
        )
    };
    let encode = wrong_lengths.into_iter().fold(encode, with_wrong_length);
    wrong_sums
        .into_iter()
        .fold(encode, with_wrong_sum)
        .mistake("seed_and_epoch_swapped", "Seed and epoch are swapped. The seed comes first.", |c| {
            let swapped = checkpoint_of(c, &dict(c, "model "), &dict(c, "optimizer "));
            let swapped = with_count(swapped, "seed", c.count("epoch"));
            in_hex(&encoded(&with_count(swapped, "epoch", c.count("seed"))))
        })
        .mistake("dicts_swapped", "The optimiser's state comes before the model. The model is first.", |c| {
            in_hex(&encoded(&checkpoint_of(c, &dict(c, "optimizer "), &dict(c, "model "))))
        })
}

fn decode() -> Vec<Check> {
    let check = |id, title, points| {
        let check = Check::new(id, "decode", title, points).asks("decode");
        check.tests(|c, tests| decoded(c.bytes("bytes"), tests)).after("read_array")
    };
    let damaged = |id, title, points| check(id, title, points).after("decode");
    let bytes = |draw: &mut probe::Generator| encoded(&training(draw, &[3, 2, 2]));
    vec![
        check("decode", "decode restores the checkpoint that was encoded", 2)
            .on(|draw| [&[3, 4, 2][..], &[2, 1]].map(|sizes| of_bytes(encoded(&training(draw, sizes)))).to_vec())
            .mistake(
                "whole_called_damaged",
                "An undamaged file is reported as damaged. The checksum is that of all bytes before it, including \
                 MAGIC.",
                |_| outcome("Damaged"),
            )
            .mistake("optimizer_read_first", "Model and optimiser are swapped. The model comes first.", |c| {
                // Each part of one under the name of the other.
                let other = |name: &str| match name.split_once(' ') {
                    Some(("model", rest)) => format!("optimizer {rest}"),
                    Some(("optimizer", rest)) => format!("model {rest}"),
                    _ => name.to_owned(),
                };
                let right = decoded(c.bytes("bytes"), &Tests::default());
                right.parts().fold(Record::new(), |record, (name, value)| record.with(&other(name), value.clone()))
            }),
        damaged("decode_magic", "decode recognises files that are not checkpoints", 1).on(move |draw| {
            let whole = bytes(draw);
            let mut other = whole.clone();
            other[size(draw, 0, 7)] = b'x';
            vec![whole, sealed(other), MAGIC[..5].to_vec(), Vec::new()].into_iter().map(of_bytes).collect()
        }),
        damaged("decode_version", "decode reads its own version, and stops at any other", 1).on(move |draw| {
            let whole = bytes(draw);
            let mut next = whole.clone();
            next[8] = size(draw, 2, 200) as u8;
            // Another version has other rules for all that follows.
            let mut short = next[..16].to_vec();
            short.extend((0..size(draw, 20, 60)).map(|i| i as u8));
            vec![whole, sealed(next), short].into_iter().map(of_bytes).collect()
        }),
        damaged("decode_truncated", "decode recognises a truncated file", 1).on(move |draw| {
            let whole = bytes(draw);
            let mut cases = Vec::new();
            for length in [whole.len(), 12, 20, size(draw, 30, 60), whole.len() - 8, whole.len() - 1] {
                cases.push(of_bytes(whole[..length].to_vec()));
            }
            cases
        }),
        damaged("decode_trailing", "decode recognises a file with too many bytes", 1)
            .on(move |draw| {
                let whole = bytes(draw);
                let mut longer = whole.clone();
                longer.extend((0..size(draw, 1, 30)).map(|i| i as u8));
                // Somewhere between the last state and the checksum, with a length and a checksum that agree.
                let mut inside = whole[..whole.len() - 8].to_vec();
                inside.extend([0; 16]);
                let length = inside.len() as u64;
                inside[16..24].copy_from_slice(&length.to_le_bytes());
                vec![whole, longer, sealed(inside)].into_iter().map(of_bytes).collect()
            })
            .mistake_if(
                "longer_ignored",
                "Bytes after the end of a checkpoint are overlooked. A file that is longer than it says was not \
                 written by `encode`: return `LoadError::TrailingBytes`.",
                |c, seen| {
                    let length = number_from(&c.bytes("bytes")[16..], &Tests::default());
                    seen.text("outcome") == "Ok"
                        && length.is_ok_and(|(length, _)| length < c.bytes("bytes").len() as u64)
                },
            ),
        damaged("decode_inside", "decode passes on errors from inside the body", 1).on(move |draw| {
            let whole = bytes(draw);
            let with_length = |mut bytes: Vec<u8>| {
                let length = bytes.len() as u64;
                bytes[16..24].copy_from_slice(&length.to_le_bytes());
                sealed(bytes)
            };
            // Length and checksum are right, so a program wrote these, and not as it should.
            let cut = whole[..whole.len() - size(draw, 20, 200)].to_vec();
            let mut unreadable = whole.clone();
            let place = whole.windows(11).position(|name| name == b"parameter.2").expect("it has this parameter");
            unreadable[place] = 0xff;
            vec![whole, with_length(cut), sealed(unreadable)].into_iter().map(of_bytes).collect()
        }),
        damaged("decode_damaged", "decode recognises a file in which a bit has changed", 2)
            .on(move |draw| {
                let whole = bytes(draw);
                let mut cases = vec![whole.clone()];
                // Byte 47 belongs to the number of axes of the losses.
                for place in [size(draw, 24, 31), 47, whole.len() - 4, size(draw, whole.len() - 60, whole.len() - 9)] {
                    let mut bytes = whole.clone();
                    bytes[place] ^= 1;
                    cases.push(bytes);
                }
                // It says of itself that it ends here: there is no room for a checksum of its own behind the length.
                let length = size(draw, 24, 31);
                let mut short = whole[..length].to_vec();
                short[16..24].copy_from_slice(&(length as u64).to_le_bytes());
                cases.push(short);
                cases.into_iter().map(of_bytes).collect()
            })
            .mistake(
                "no_room_called_truncated",
                "A file whose length is right, but too small for a checksum after it, is reported as truncated. It has \
                 as many bytes as announced, and its last 8 are not the checksum of those before them: `Damaged`.",
                |c| match c.bytes("bytes").len() {
                    0..32 => outcome("Truncated"),
                    _ => decoded(c.bytes("bytes"), &Tests::default()),
                },
            )
            .mistake_if(
                "checksum_last",
                "A bit has changed, and there is no error, or another one than `Damaged`. Compare the checksum first: if \
                 it is wrong, no length and no number that it covers can be trusted.",
                |c, seen| {
                    let right = decoded(c.bytes("bytes"), &Tests::default());
                    c.bytes("bytes").len() >= 32
                        && right.text("outcome") == "Damaged"
                        && seen.text("outcome") != "Damaged"
                },
            ),
    ]
}

fn checkpoint() -> Check {
    let kept = |c: &Record, epoch: usize, losses: Array1<f64>, optimizer: &Dict| {
        let record = Record::new().with("seed", c.count("run's seed")).with("epoch", epoch).with("losses", losses);
        with_dict(with_dict(record, "model ", &dict(c, "net ")), "optimizer ", optimizer)
    };
    let right =
        move |c: &Record| kept(c, c.count("run's epoch"), c.vector("run's losses").to_owned(), &state_of_adam(c));
    Check::new("checkpoint", "checkpoint", "checkpoint holds everything that a training needs to go on", 2)
        .after("state_dict")
        .after("adam_state")
        .on(|draw| vec![run(draw, &[3, 4, 2]), run(draw, &[2, 1])])
        .expects(right)
        .mistake(
            "epoch_forgotten",
            "`epoch` is 0. It says how many epochs are done, and decides the order of the samples in the next one.",
            move |c| with_count(right(c), "epoch", 0),
        )
        .mistake("losses_forgotten", "There are no losses. The loss curve would begin in the middle.", move |c| {
            kept(c, c.count("run's epoch"), Array1::zeros(0), &state_of_adam(c))
        })
        .mistake(
            "memory_forgotten",
            "The optimiser's state is empty. Adam would start over, without its running means.",
            move |c| kept(c, c.count("run's epoch"), c.vector("run's losses").to_owned(), &Dict::new()),
        )
}

fn resume() -> Vec<Check> {
    let right = |c: &Record| {
        let record = outcome("Ok").with("seed", c.count("seed")).with("epoch", c.count("epoch"));
        let record = record.with("losses", c.vector("losses").to_owned());
        with_network(with_adam(record, &dict(c, "optimizer ")), &dict(c, "model "))
    };
    vec![
        Check::new("resume", "resume", "resume brings a training to the state of the checkpoint", 2)
            .after("load_by_name")
            .after("adam_from_state")
            .on(|draw| {
                let fresh = resuming(draw, |_, _| ());
                // One that has begun already.
                let other = training(draw, &[3, 2, 2]);
                let begun = run(draw, &[3, 2, 2]);
                vec![fresh, other.parts().fold(begun, |begun, (name, value)| begun.with(name, value.clone()))]
            })
            .expects(right)
            .mistake(
                "losses_appended",
                "The losses of the checkpoint are appended to those that were there before. They have to replace them.",
                move |c| {
                    let all = ndarray::concatenate![Axis(0), c.vector("run's losses"), c.vector("losses")];
                    replaced(right(c), "losses", all.into())
                },
            ),
        Check::new("resume_damaged", "resume", "resume changes nothing when it returns an error", 2)
            .asks("resume")
            .after("resume")
            .after("adam_damaged")
            .after("load_missing")
            .on(|draw| {
                vec![
                    resuming(draw, |model, _| drop(model.remove("parameter.2"))),
                    resuming(draw, |_, optimizer| drop(optimizer.remove("n_steps"))),
                    resuming(draw, |model, optimizer| {
                        model.remove("parameter.0");
                        optimizer.remove("mean_square.1");
                    }),
                ]
            })
            .expects(|c| resumed(c, &["optimizer", "model"], false))
            .mistake(
                "network_first",
                "The optimiser's state is rejected after the network has been changed already. Do first what can fail \
                 without changing anything: `adam_from_state`.",
                |c| resumed(c, &["model", "optimizer"], true),
            )
            .mistake(
                "optimizer_first",
                "The network's parameters are rejected after the optimiser has been changed already. Keep the new \
                 optimiser in a variable until nothing can fail any more.",
                |c| resumed(c, &["optimizer", "model"], true),
            )
            .mistake(
                "model_reported_first",
                "Both states are wrong, and the error of the network is reported. Report that of the optimiser first.",
                |c| resumed(c, &["model", "optimizer"], false),
            ),
        Check::new(
            "exact_resume",
            "resume",
            "a training that was interrupted ends with the same numbers, bit for bit",
            1,
        )
        .about("resume")
        .after("resume")
        .after("checkpoint")
        .after("encode")
        .after("decode")
        .on(|draw| {
            let net = parameters(draw, &[3, 2]);
            let record = with_arrays(Record::new(), "net ", &net).with("learning_rate", 0.01 * size(draw, 1, 9) as f64);
            let record = record.with("n_steps", 0_usize).with("run's seed", size(draw, 1, 1000));
            let record = record.with("run's epoch", 0_usize).with("run's losses", Array1::zeros(0));
            let record = record.with("x", draw::matrix(draw, (7, 3), 1.0)).with("y", draw::matrix(draw, (7, 2), 1.0));
            vec![record.with("batch_size", 3_usize).with("before", 2_usize).with("after", 3_usize)]
        })
        .expects(trained),
    ]
}

fn to_safetensors() -> Check {
    let written = |c: &Record, change: fn(&ArrayD<f64>) -> ArrayD<f64>| {
        let state = map(&dict(c, "state "), change);
        let types: Vec<String> = state.keys().map(|name| format!("{name}: F64")).collect();
        with_arrays(outcome("Ok").with("types", types.join(", ")), "", &state)
    };
    Check::new("to_safetensors", "to_safetensors", "to_safetensors writes a file that the crate safetensors reads", 3)
        .on(|draw| {
            let state = parameters(draw, &[3, 4, 2]);
            let mut other = state_of_adam(&adam(draw, &[2, 3]));
            other.insert("cube".to_owned(), cube(draw));
            let plain = with_arrays(Record::new(), "state ", &state);
            let turned = with_arrays(Record::new(), "state ", &other).with("columns_first", true);
            vec![plain, turned]
        })
        .expects(move |c| written(c, ArrayD::clone))
        .mistake(
            "tensors_big_endian",
            "The bytes of the numbers come in the opposite order. The format is little-endian: `to_le_bytes`.",
            move |c| written(c, |array| array.mapv(|number| f64::from_bits(number.to_bits().swap_bytes()))),
        )
}

fn from_safetensors() -> Vec<Check> {
    let check = |id, title, points| {
        let check = Check::new(id, "from_safetensors", title, points).asks("from_safetensors");
        check.tests(|c, tests| tensors(c, tests, true))
    };
    vec![
        check("from_safetensors", "from_safetensors reads F64 and F32", 2)
            .on(|draw| {
                let doubles = parameters(draw, &[3, 4, 2]);
                let mut singles = parameters(draw, &[2, 3]);
                singles.insert("cube".to_owned(), cube(draw));
                singles.insert("number".to_owned(), arr0(draw::number(draw, 1.0)).into_dyn());
                // One single: which of several is refused first is up to the crate.
                let kind = |name: &str| if name == "cube" { "F32" } else { "F64" };
                vec![of_bytes(safetensors(&doubles, |_| "F64")), of_bytes(safetensors(&singles, kind))]
            })
            .mistake(
                "singles_refused",
                "Tensors of the type F32 are rejected. Most files hold these: `f32::from_le_bytes` of 4 bytes each, \
                 and `f64::from`.",
                |c| tensors(c, &Tests::default(), false),
            ),
        check("safetensors_types", "from_safetensors names a tensor of a type that it does not read", 1)
            .after("from_safetensors")
            .on(|draw| {
                let mut state = parameters(draw, &[3, 2]);
                let whole = safetensors(&state, |_| "F64");
                let name = format!("step.{}", size(draw, 0, 99));
                state.insert(name, draw::vector(draw, 2, 9.0).into_dyn());
                let of_step =
                    |kind: &'static str| move |name: &str| if name.starts_with("step") { kind } else { "F64" };
                // Numbers of the same size, and of half the size.
                vec![whole, safetensors(&state, of_step("I64")), safetensors(&state, of_step("F16"))]
                    .into_iter()
                    .map(of_bytes)
                    .collect()
            })
            .mistake_if(
                "type_ignored",
                "It returns Ok, and the bytes of another type are read as those of an `f64`. Look at the tensor's \
                 `dtype()`.",
                |c, seen| {
                    seen.text("outcome") == "Ok"
                        && tensors(c, &Tests::default(), true).text("outcome") != "Ok"
                        && seen.text("names").contains("step")
                },
            ),
        check("safetensors_damaged", "from_safetensors passes on the errors of the crate", 1)
            .after("from_safetensors")
            .on(|draw| {
                let whole = safetensors(&parameters(draw, &[3, 2]), |_| "F64");
                let cut = whole[..whole.len() - size(draw, 1, 40)].to_vec();
                let checkpoint = encoded(&training(draw, &[2, 1]));
                vec![whole, cut, Vec::new(), checkpoint].into_iter().map(of_bytes).collect()
            }),
    ]
}

fn from_pytorch() -> Vec<Check> {
    let check = |id, title, points| {
        let check = Check::new(id, "from_pytorch", title, points).asks("from_pytorch");
        check.tests(|c, tests| from_torch(c, tests, true, true, true))
    };
    vec![
        check("from_pytorch", "from_pytorch renames and transposes", 3)
            .on(|draw| {
                let small = pytorch(draw, &[(0, 3, 4), (2, 4, 2)]);
                // A square matrix hides a transposition, and one layer has two digits.
                let deep = pytorch(draw, &[(1, 2, 2), (3, 2, 3), (10, 3, 2), (12, 2, 2)]);
                [small, deep].map(|state| with_arrays(Record::new(), "state ", &state)).to_vec()
            })
            .mistake(
                "not_transposed",
                "The weights are as PyTorch has them, (n_out, n_in). Here they are (n_in, n_out): transpose them.",
                |c| from_torch(c, &Tests::default(), false, true, true),
            )
            .mistake(
                "layers_by_letters",
                "Layer 10 comes before layer 3. A map sorts its names as text: turn the numbers of the layers into \
                 integers, and sort these.",
                |c| from_torch(c, &Tests::default(), true, false, true),
            )
            .mistake(
                "layers_not_counted",
                "The names use PyTorch's numbers of the layers, which leave gaps. Here parameters are counted: 0, 1, 2 \
                 and so on.",
                |c| {
                    let mut arrays = Dict::new();
                    for (full, array) in dict(c, "state ") {
                        let (layer, kind) = full.split_once('.').expect("every name has a dot");
                        let layer: usize = layer.parse().expect("every layer has a number");
                        arrays.insert(name(2 * layer + usize::from(kind == "bias")), array.t().to_owned());
                    }
                    with_dict(outcome("Ok"), "", &arrays)
                },
            )
            .mistake(
                "biases_first",
                "Biases come before the weights of their layer, as in the order of the names. Here weights come first.",
                |c| from_torch(c, &Tests::default(), true, true, false),
            )
            .mistake(
                "biases_first_by_letters",
                "The parameters are in the order of the names, where biases come before weights and layer 10 before \
                 layer 3. Here weights come first, and layers go by their numbers.",
                |c| from_torch(c, &Tests::default(), true, false, false),
            ),
        check("pytorch_damaged", "from_pytorch names what it does not know or does not find", 1)
            .after("from_pytorch")
            .on(|draw| {
                let layer = size(draw, 1, 9);
                let mut strange = pytorch(draw, &[(0, 3, 4), (layer, 4, 2)]);
                strange.insert(format!("{layer}.running_mean"), draw::vector(draw, 2, 1.0).into_dyn());
                let mut named = pytorch(draw, &[(0, 3, 4)]);
                named.insert("head.weight".to_owned(), draw::matrix(draw, (2, 3), 1.0).into_dyn());
                let mut biases = pytorch(draw, &[(0, 3, 4), (layer, 4, 2)]);
                biases.remove(&format!("{layer}.bias"));
                let mut weights = pytorch(draw, &[(0, 3, 4), (layer, 4, 2)]);
                weights.remove("0.weight");
                [strange, named, biases, weights].map(|state| with_arrays(Record::new(), "state ", &state)).to_vec()
            }),
    ]
}

/// A whole number from `low` to `high`.
fn size(draw: &mut probe::Generator, low: usize, high: usize) -> usize {
    use rand::RngExt;
    draw.random_range(low..=high)
}

fn name(i: usize) -> String {
    format!("parameter.{i}")
}

/// The parameters of a network with layers of these sizes.
fn parameters(draw: &mut probe::Generator, sizes: &[usize]) -> Dict {
    let mut all = Dict::new();
    for pair in sizes.windows(2) {
        let (weights, biases) = (name(all.len()), name(all.len() + 1));
        // Thirds, so that an f32 would not hold them.
        all.insert(weights, (draw::matrix(draw, (pair[0], pair[1]), 3.0) / 3.0 + 0.001).into_dyn());
        all.insert(biases, (draw::vector(draw, pair[1], 3.0) / 3.0 + 0.001).into_dyn());
    }
    all
}

fn cube(draw: &mut probe::Generator) -> ArrayD<f64> {
    ArrayD::from_shape_vec(vec![2, 3, 2], draw::vector(draw, 12, 2.0).to_vec()).expect("it has 12 entries")
}

/// Parameters as PyTorch has them, for layers of (number, n_in, n_out).
fn pytorch(draw: &mut probe::Generator, layers: &[(usize, usize, usize)]) -> Dict {
    let mut all = Dict::new();
    for &(layer, n_in, n_out) in layers {
        all.insert(format!("{layer}.weight"), draw::matrix(draw, (n_out, n_in), 2.0).into_dyn());
        all.insert(format!("{layer}.bias"), draw::vector(draw, n_out, 2.0).into_dyn());
    }
    all
}

fn map(state: &Dict, change: impl Fn(&ArrayD<f64>) -> ArrayD<f64>) -> Dict {
    state.iter().map(|(name, array)| (name.clone(), change(array))).collect()
}

fn flat(array: &ArrayD<f64>) -> ArrayD<f64> {
    array.iter().copied().collect::<Array1<f64>>().into_dyn()
}

/// Parameters in the network's order.
fn in_order(state: &Dict) -> Vec<ArrayD<f64>> {
    (0..).map_while(|i| state.get(&name(i)).cloned()).collect()
}

fn entry(record: &Record, name: &str) -> ArrayD<f64> {
    match record.get(name) {
        Some(Value::Array { shape, data }) => {
            ArrayD::from_shape_vec(shape.as_slice(), data.clone()).expect("a record is whole")
        }
        other => panic!("`{name}` is no array but {other:?}"),
    }
}

/// The arrays whose names begin with `prefix`.
fn dict(c: &Record, prefix: &str) -> Dict {
    let names = c.parts().filter_map(|(full, _)| Some((full.strip_prefix(prefix)?, full)));
    names.map(|(name, full)| (name.to_owned(), entry(c, full))).collect()
}

fn with_arrays(record: Record, prefix: &str, state: &Dict) -> Record {
    state.iter().fold(record, |record, (name, array)| record.with(&format!("{prefix}{name}"), array.clone()))
}

fn with_dict(record: Record, prefix: &str, state: &Dict) -> Record {
    let names: Vec<&str> = state.keys().map(String::as_str).collect();
    with_arrays(record.with(&format!("{prefix}names"), names.join(", ")), prefix, state)
}

fn with_network(record: Record, state: &Dict) -> Record {
    let numbered = in_order(state).into_iter().enumerate();
    numbered.fold(record, |record, (i, array)| record.with(&format!("the network's parameter.{i}"), array))
}

fn net_and_state(net: &Dict, state: &Dict) -> Record {
    with_arrays(with_arrays(Record::new(), "net ", net), "state ", state)
}

fn outcome(text: &str) -> Record {
    Record::new().with("outcome", text)
}

fn of_bytes(bytes: Vec<u8>) -> Record {
    Record::new().with("bytes", Value::Bytes(bytes))
}

/// `record` with another value in one place.
fn replaced(record: Record, name: &str, value: Value) -> Record {
    let parts = record.parts().map(|(part, old)| (part, if part == name { value.clone() } else { old.clone() }));
    parts.fold(Record::new(), |record, (name, value)| record.with(name, value))
}

/// The same for a count.
fn with_count(record: Record, name: &str, count: usize) -> Record {
    replaced(record, name, count.into())
}

/// What comes of loading the case's `state` into its `net`, and the network afterwards, if each parameter is changed right
/// after its test. `swaps` exchanges the shapes in an error.
fn load(c: &Record, tests: &Tests, swaps: bool) -> (Result<(), String>, Dict) {
    let (mut net, state) = (dict(c, "net "), dict(c, "state "));
    let mut all = || {
        for name in (0..net.len()).map(name) {
            tests.refuse(!state.contains_key(&name), "a name is missing", format!("Missing({name:?})"))?;
            let Some(array) = state.get(&name) else { continue };
            let (mut expected, mut found) = (net[&name].shape(), array.shape());
            if swaps {
                std::mem::swap(&mut expected, &mut found);
            }
            let error = format!("WrongShape {{ name: {name:?}, expected: {expected:?}, found: {found:?} }}");
            tests.refuse(expected != found, "an array has another shape", error)?;
            net.insert(name, array.clone());
        }
        let strangers = strangers(c);
        let error = format!("Unexpected({:?})", strangers.first().map_or("", String::as_str));
        tests.refuse(!strangers.is_empty(), "an array belongs to no parameter", error)
    };
    (all(), net)
}

fn loaded(c: &Record, tests: &Tests) -> Record {
    let (result, net) = load(c, tests, false);
    let net = if result.is_ok() { net } else { dict(c, "net ") };
    with_outcome(result, &net)
}

fn half_loaded(c: &Record) -> Record {
    let (result, net) = load(c, &Tests::default(), false);
    with_outcome(result, &net)
}

fn with_outcome(result: Result<(), String>, net: &Dict) -> Record {
    with_network(outcome(result.as_ref().map_or_else(String::as_str, |()| "Ok")), net)
}

/// The names in the case's `state` that no parameter of its `net` has.
fn strangers(c: &Record) -> Vec<String> {
    let net = dict(c, "net ");
    dict(c, "state ").into_keys().filter(|name| !net.contains_key(name)).collect()
}

/// An optimiser with a memory for the parameters of layers of these sizes.
fn adam(draw: &mut probe::Generator, sizes: &[usize]) -> Record {
    let rate = 0.001 * size(draw, 1, 99) as f64;
    let mut record = Record::new().with("learning_rate", rate).with("n_steps", size(draw, 1, 900));
    for (name, scale) in [("mean", 1.0), ("mean_square", 4.0)] {
        for (i, array) in in_order(&parameters(draw, sizes)).into_iter().enumerate() {
            let array = array.mapv(|number| if name == "mean" { scale * number } else { scale * number * number });
            record = record.with(&format!("{name} {i}"), array);
        }
    }
    record
}

/// The state of the case's optimiser.
fn state_of_adam(c: &Record) -> Dict {
    let mut state = Dict::new();
    state.insert("learning_rate".to_owned(), arr0(c.float("learning_rate")).into_dyn());
    state.insert("n_steps".to_owned(), arr0(c.count("n_steps") as f64).into_dyn());
    for (part, _) in c.parts() {
        if let Some((name, i)) = part.split_once(' ')
            && ["mean", "mean_square"].contains(&name)
        {
            state.insert(format!("{name}.{i}"), entry(c, part));
        }
    }
    state
}

/// The state in which the arrays of each kind have got the numbers that their places in the order of the letters
/// suggest.
fn by_letters(state: &Dict) -> Dict {
    let mut other = state.clone();
    for prefix in ["mean.", "mean_square."] {
        let arrays = state.iter().filter(|(name, _)| name.starts_with(prefix));
        other.extend(arrays.enumerate().map(|(i, (_, array))| (format!("{prefix}{i}"), array.clone())));
    }
    other
}

/// The optimiser in `state`, or what is wrong with that.
fn restored(state: &Dict, tests: &Tests) -> Record {
    adam_tested(state, tests).map_or_else(|error| outcome(&error), |()| with_adam(outcome("Ok"), state))
}

fn adam_tested(state: &Dict, tests: &Tests) -> Result<(), String> {
    let n = n_means(state);
    let mut names = vec!["learning_rate".to_owned(), "n_steps".to_owned()];
    names.extend((0..n).map(|i| format!("mean_square.{i}")));
    for name in &names {
        tests.refuse(!state.contains_key(name), "a name is missing", format!("Missing({name:?})"))?;
    }
    names.extend((0..n).map(|i| format!("mean.{i}")));
    let stranger = state.keys().find(|name| !names.contains(name));
    let error = format!("Unexpected({:?})", stranger.map_or("", String::as_str));
    tests.refuse(stranger.is_some(), "there is a name that Adam does not use", error)
}

fn n_means(state: &Dict) -> usize {
    (0..).take_while(|i| state.contains_key(&format!("mean.{i}"))).count()
}

fn with_adam(record: Record, state: &Dict) -> Record {
    let n = n_means(state);
    let mut record = record
        .with("learning_rate", state["learning_rate"].sum())
        .with("n_steps", state["n_steps"].sum() as usize)
        .with("means", n)
        .with("mean_squares", n);
    for i in 0..n {
        for name in ["mean", "mean_square"].map(|kind| format!("{kind}.{i}")) {
            record = record.with(&name, state[&name].clone());
        }
    }
    record
}

/// What a checkpoint of a training with layers of these sizes holds.
fn training(draw: &mut probe::Generator, sizes: &[usize]) -> Record {
    let n = size(draw, 1, 4);
    let record = Record::new().with("seed", size(draw, 1, 90_000)).with("epoch", size(draw, 100_000, 200_000));
    let (model, optimizer) = (parameters(draw, sizes), state_of_adam(&adam(draw, sizes)));
    with_arrays(
        with_arrays(record.with("losses", draw::vector(draw, n, 2.0)), "model ", &model),
        "optimizer ",
        &optimizer,
    )
}

/// The case's checkpoint with other states.
fn checkpoint_of(c: &Record, model: &Dict, optimizer: &Dict) -> Record {
    let record = Record::new().with("seed", c.count("seed")).with("epoch", c.count("epoch"));
    with_arrays(
        with_arrays(record.with("losses", c.vector("losses").to_owned()), "model ", model),
        "optimizer ",
        optimizer,
    )
}

/// A training that has got somewhere.
fn run(draw: &mut probe::Generator, sizes: &[usize]) -> Record {
    let n = size(draw, 1, 5);
    let record = with_arrays(adam(draw, sizes), "net ", &parameters(draw, sizes));
    let record = record.with("run's seed", size(draw, 1, 90_000)).with("run's epoch", size(draw, 1, 50));
    record.with("run's losses", draw::vector(draw, n, 2.0))
}

/// A training that has got nowhere, and a checkpoint to which `change` may do some damage.
fn resuming(draw: &mut probe::Generator, change: fn(&mut Dict, &mut Dict)) -> Record {
    let sizes = [3, 2, 2];
    let kept = training(draw, &sizes);
    let (mut model, mut optimizer) = (dict(&kept, "model "), dict(&kept, "optimizer "));
    change(&mut model, &mut optimizer);
    let record = with_arrays(checkpoint_of(&kept, &model, &optimizer), "net ", &parameters(draw, &sizes));
    let record = record.with("learning_rate", 0.5).with("n_steps", 0_usize);
    record.with("run's seed", size(draw, 1, 900)).with("run's epoch", 0_usize).with("run's losses", Array1::zeros(0))
}

/// What comes of a checkpoint that does not fit, if its states are taken in this `order`, and each changes the training
/// `at_once` or not.
fn resumed(c: &Record, order: &[&str], at_once: bool) -> Record {
    let (mut net, mut optimizer) = (dict(c, "net "), state_of_adam(c));
    let mut error = None;
    for part in order {
        let wrong = match *part {
            "model" => {
                let state = dict(c, "model ");
                let missing = (0..net.len()).map(name).find(|name| !state.contains_key(name));
                if missing.is_none() && at_once {
                    net = state;
                }
                missing.map(|name| format!("Missing({name:?})"))
            }
            _ => {
                let state = dict(c, "optimizer ");
                let wrong = adam_tested(&state, &Tests::default()).err();
                if wrong.is_none() && at_once {
                    optimizer = state;
                }
                wrong
            }
        };
        if wrong.is_some() {
            error = wrong;
            break;
        }
    }
    let record = outcome(&error.expect("something is wrong in every case"));
    let record = record.with("seed", c.count("run's seed")).with("epoch", c.count("run's epoch"));
    with_network(with_adam(record.with("losses", c.vector("run's losses").to_owned()), &optimizer), &net)
}

/// The training of one linear layer with Adam, which goes on as if it had never been interrupted.
fn trained(c: &Record) -> Record {
    let (mut w, mut b) = (entry(c, "net parameter.0"), entry(c, "net parameter.1"));
    let (x, y) = (c.matrix("x"), c.matrix("y"));
    let mut memory = [w.shape(), b.shape()].map(|shape| [ArrayD::<f64>::zeros(shape), ArrayD::zeros(shape)]);
    let (mut t, mut losses) = (0, Vec::new());
    for epoch in 0..c.count("before") + c.count("after") {
        let mut order: Vec<usize> = (0..x.nrows()).collect();
        order.shuffle(&mut probe::generator((c.count("run's seed") + epoch) as u64));
        let mut sum = 0.0;
        for batch in order.chunks(c.count("batch_size")) {
            let (x, y) = (x.select(Axis(0), batch), y.select(Axis(0), batch));
            let weights = w.view().into_dimensionality().expect("a matrix");
            let biases = b.view().into_dimensionality::<ndarray::Ix1>().expect("a row");
            let error: Array2<f64> = x.dot::<ndarray::ArrayView2<'_, f64>>(&weights) + biases - &y;
            sum += (&error * &error).mean().expect("there are samples") * batch.len() as f64;
            let d_out = &error * (2.0 / error.len() as f64);
            let gradients = [x.t().dot(&d_out).into_dyn(), d_out.sum_axis(Axis(0)).into_dyn()];
            t += 1;
            for ((theta, g), [m, v]) in [&mut w, &mut b].into_iter().zip(gradients).zip(&mut memory) {
                *m = &*m * 0.9 + &g * 0.1;
                *v = &*v * 0.999 + &g * &g * 0.001;
                let (m, v) = (&*m / (1.0 - 0.9_f64.powi(t)), &*v / (1.0 - 0.999_f64.powi(t)));
                *theta -= &(m * c.float("learning_rate") / (v.sqrt() + 1e-8));
            }
        }
        losses.push(sum / x.nrows() as f64);
    }
    let record = outcome("Ok").with("the same, bit for bit", true).with("losses", Array1::from(losses));
    with_network(record, &Dict::from([(name(0), w), (name(1), b)]))
}

/// Bytes as text, eight a line.
fn in_hex(bytes: &[u8]) -> String {
    let line = |(i, eight): (usize, &[u8])| {
        let eight: String = eight.iter().map(|byte| format!(" {byte:02x}")).collect();
        format!("from byte {}:{eight}\n", 8 * i)
    };
    bytes.chunks(8).enumerate().map(line).collect()
}

/// An array as bytes, with its entries in this order.
fn bytes_of(shape: &[usize], entries: impl IntoIterator<Item = f64>, to_bytes: fn(f64) -> [u8; 8]) -> Vec<u8> {
    let mut bytes = (shape.len() as u64).to_le_bytes().to_vec();
    bytes.extend(shape.iter().flat_map(|length| (*length as u64).to_le_bytes()));
    bytes.extend(entries.into_iter().flat_map(to_bytes));
    bytes
}

/// The case's array as bytes.
fn written(c: &Record, to_bytes: fn(f64) -> [u8; 8]) -> Vec<u8> {
    let array = entry(c, "array");
    bytes_of(array.shape(), array.iter().copied(), to_bytes)
}

/// The case's array, if it has two axes.
fn matrix(c: &Record) -> Option<Array2<f64>> {
    entry(c, "array").into_dimensionality().ok()
}

/// The first `n` bytes, and those behind them.
fn taken<'a>(bytes: &'a [u8], n: usize, tests: &Tests) -> Result<(&'a [u8], &'a [u8]), String> {
    tests.refuse(bytes.len() < n, "the bytes end too early", "Truncated")?;
    Ok(bytes.split_at(n))
}

/// The first 8 bytes as a number, and those behind them.
fn number_from<'a>(bytes: &'a [u8], tests: &Tests) -> Result<(u64, &'a [u8]), String> {
    let (front, rest) = taken(bytes, 8, tests)?;
    Ok((u64::from_le_bytes(front.try_into().expect("8 bytes")), rest))
}

/// The array at the front of `bytes`, and how many bytes are left.
fn array_read_from(bytes: &[u8], tests: &Tests) -> Result<(ArrayD<f64>, usize), String> {
    let (n_axes, mut rest) = number_from(bytes, tests)?;
    let mut shape = Vec::new();
    for _ in 0..n_axes {
        let (length, behind) = number_from(rest, tests)?;
        shape.push(usize::try_from(length).map_err(|_| "Truncated")?);
        rest = behind;
    }
    let n = shape.iter().try_fold(8_usize, |product, length| product.checked_mul(*length)).unwrap_or(usize::MAX);
    let (data, rest) = taken(rest, n, tests)?;
    let entries = data.chunks_exact(8).map(|n| f64::from_le_bytes(n.try_into().expect("8 bytes"))).collect();
    Ok((ArrayD::from_shape_vec(shape, entries).map_err(|_| "Truncated")?, rest.len()))
}

fn array_read(bytes: &[u8], tests: &Tests) -> Record {
    match array_read_from(bytes, tests) {
        Ok((array, left)) => outcome("Ok").with("array", array).with("bytes left", left),
        Err(error) => outcome(&error),
    }
}

const MAGIC: [u8; 8] = *b"NEURONCP";

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// `bytes` with a right checksum in place of their last 8.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 8);
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// The case's checkpoint as bytes.
fn encoded(c: &Record) -> Vec<u8> {
    encoded_with(c, |body| body + 32, |head, body| [head, body].concat())
}

/// The bytes of which the checksum is made, given those of the head and of the body.
type Summed = fn(&[u8], &[u8]) -> Vec<u8>;

/// The same with another length, and a checksum of other bytes.
fn encoded_with(c: &Record, length: fn(u64) -> u64, summed: Summed) -> Vec<u8> {
    let mut body = (c.count("seed") as u64).to_le_bytes().to_vec();
    body.extend((c.count("epoch") as u64).to_le_bytes());
    let losses = c.vector("losses");
    body.extend(bytes_of(&[losses.len()], losses.iter().copied(), f64::to_le_bytes));
    for state in ["model ", "optimizer "].map(|prefix| dict(c, prefix)) {
        body.extend((state.len() as u64).to_le_bytes());
        for (name, array) in state {
            body.extend((name.len() as u64).to_le_bytes());
            body.extend(name.bytes());
            body.extend(bytes_of(array.shape(), array.iter().copied(), f64::to_le_bytes));
        }
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(length(body.len() as u64).to_le_bytes());
    let sum = checksum(&summed(&bytes, &body));
    bytes.extend(body);
    bytes.extend(sum.to_le_bytes());
    bytes
}

fn decoded(bytes: &[u8], tests: &Tests) -> Record {
    parsed(bytes, tests).unwrap_or_else(|error| outcome(&error))
}

fn parsed(bytes: &[u8], tests: &Tests) -> Result<Record, String> {
    tests.refuse(!bytes.starts_with(&MAGIC), "the file does not begin with MAGIC", "NotACheckpoint")?;
    let (_, rest) = taken(bytes, 8, tests)?;
    let (version, rest) = number_from(rest, tests)?;
    tests.refuse(version != 1, "the version is another one", format!("UnknownVersion({version})"))?;
    let (length, _) = number_from(rest, tests)?;
    let n = bytes.len() as u64;
    tests.refuse(n < length, "the file is shorter than it says", "Truncated")?;
    tests.refuse(n > length, "the file is longer than it says", "TrailingBytes")?;
    let (before, sum) = bytes.split_at(bytes.len() - 8);
    let (sum, _) = number_from(sum, tests)?;
    tests.refuse(sum != checksum(before), "the checksum is wrong", "Damaged")?;
    let (seed, rest) = number_from(before.get(24..).ok_or("Truncated")?, tests)?;
    let (epoch, rest) = number_from(rest, tests)?;
    let (losses, left) = array_read_from(rest, tests)?;
    let record = outcome("Ok").with("seed", seed as usize).with("epoch", epoch as usize).with("losses", losses);
    let (model, rest) = dict_read(&rest[rest.len() - left..], tests)?;
    let (optimizer, rest) = dict_read(rest, tests)?;
    tests.refuse(!rest.is_empty(), "bytes are left over before the checksum", "TrailingBytes")?;
    Ok(with_dict(with_dict(record, "model ", &model), "optimizer ", &optimizer))
}

fn dict_read<'a>(bytes: &'a [u8], tests: &Tests) -> Result<(Dict, &'a [u8]), String> {
    let (n, mut rest) = number_from(bytes, tests)?;
    let mut state = Dict::new();
    for _ in 0..n {
        let (length, behind) = number_from(rest, tests)?;
        let (name, behind) = taken(behind, length as usize, tests)?;
        let (array, left) = array_read_from(behind, tests)?;
        state.insert(String::from_utf8(name.to_vec()).map_err(|_| "BadName")?, array);
        rest = &behind[behind.len() - left..];
    }
    Ok((state, rest))
}

/// A safetensors file: the length of a header, the header in JSON, and the numbers.
fn safetensors(state: &Dict, kind: impl Fn(&str) -> &'static str) -> Vec<u8> {
    let mut header = r#"{"__metadata__":{"format":"pt"}"#.to_owned();
    let mut data: Vec<u8> = Vec::new();
    for (name, array) in state {
        let start = data.len();
        let kind = kind(name);
        for number in array {
            match kind {
                "F64" => data.extend(number.to_le_bytes()),
                "F32" => data.extend((*number as f32).to_le_bytes()),
                "I64" => data.extend((*number as i64).to_le_bytes()),
                // Any bytes will do: these numbers are never read.
                _ => data.extend([0, 1]),
            }
        }
        let (shape, end) = (array.shape(), data.len());
        header += &format!(r#","{name}":{{"dtype":"{kind}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#);
    }
    header.push('}');
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// What is in the case's safetensors file, with numbers of half the size or not. It is one of those that [`safetensors`]
/// writes, or none.
fn tensors(c: &Record, tests: &Tests, reads_singles: bool) -> Record {
    read_tensors(c.bytes("bytes"), tests, reads_singles).unwrap_or_else(|error| outcome(&error))
}

fn read_tensors(bytes: &[u8], tests: &Tests, reads_singles: bool) -> Result<Record, String> {
    let is_whole = |is_whole: bool| tests.refuse(!is_whole, "the crate refuses the file", "NotSafetensors");
    is_whole(bytes.len() >= 8)?;
    let (length, rest) = number_from(bytes, tests)?;
    is_whole(length <= rest.len() as u64)?;
    let (header, data) = rest.split_at(length as usize);
    let header = str::from_utf8(header).expect("a header is text");
    let mut state = Dict::new();
    let mut at = 0;
    for tensor in header.split(r#"},""#).skip(1) {
        // As in `weight":{"dtype":"F64","shape":[2, 3],"data_offsets":[0,48]`.
        let quoted: Vec<&str> = tensor.split('"').collect();
        let (name, kind) = (quoted[0], quoted[4]);
        let shape = tensor.split(['[', ']']).nth(1).expect("every tensor has a shape");
        let shape: Vec<usize> = shape.split(", ").filter_map(|length| length.parse().ok()).collect();
        let n: usize = shape.iter().product();
        let size = match kind {
            "F32" => 4,
            "F16" => 2,
            _ => 8,
        };
        is_whole(at + n * size <= data.len())?;
        let entries = data[at..at + n * size].chunks_exact(size);
        at += n * size;
        let is_known = kind == "F64" || (kind == "F32" && reads_singles);
        tests.refuse(!is_known, "numbers are of another type", format!("UnsupportedType({name:?})"))?;
        let numbers: Vec<f64> = match kind {
            "F64" => entries.map(|n| f64::from_le_bytes(n.try_into().expect("8 bytes"))).collect(),
            "F32" => entries.map(|n| f64::from(f32::from_le_bytes(n.try_into().expect("4 bytes")))).collect(),
            _ => continue,
        };
        state.insert(name.to_owned(), ArrayD::from_shape_vec(shape, numbers).expect("as many"));
    }
    Ok(with_dict(outcome("Ok"), "", &state))
}

/// The case's parameters of PyTorch under our names.
fn from_torch(c: &Record, tests: &Tests, transpose: bool, by_number: bool, weights_first: bool) -> Record {
    named_here(&dict(c, "state "), tests, transpose, by_number, weights_first).unwrap_or_else(|error| outcome(&error))
}

fn named_here(
    state: &Dict,
    tests: &Tests,
    transpose: bool,
    by_number: bool,
    weights_first: bool,
) -> Result<Record, String> {
    let mut layers = Vec::new();
    for name in state.keys() {
        let number = match name.split_once('.') {
            Some((number, "weight" | "bias")) => number.parse::<usize>().ok(),
            _ => None,
        };
        tests.refuse(number.is_none(), "a name does not belong to a linear layer", format!("Unexpected({name:?})"))?;
        layers.extend(number);
    }
    // The names are in the order of their letters already.
    if by_number {
        layers.sort_unstable();
    }
    layers.dedup();
    let mut arrays = Dict::new();
    for layer in layers {
        let mut kinds = ["weight", "bias"];
        if !weights_first {
            kinds.reverse();
        }
        for full in kinds.map(|kind| format!("{layer}.{kind}")) {
            tests.refuse(
                !state.contains_key(&full),
                "a layer has only one of the two",
                format!("Missing({full:?})"),
            )?;
            let Some(array) = state.get(&full) else { continue };
            arrays.insert(name(arrays.len()), if transpose { array.t().to_owned() } else { array.clone() });
        }
    }
    Ok(with_dict(outcome("Ok"), "", &arrays))
}
