//! What the grader asks of exercise 20.

use std::fmt::Write;

use engine::{Layer, Linear, Mse, Relu, Sequential};
use ndarray::{Array1, ArrayD, ShapeBuilder};
use probe::{Record, Value, serve};
use safetensors::{Dtype, SafeTensors};
use submission::{Adam, Checkpoint, LoadError, Run, StateDict};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const STATE_DICT: fn(&mut Sequential) -> StateDict = submission::state_dict;
const LOAD_STATE_DICT: fn(&mut Sequential, &StateDict) -> Result<(), LoadError> = submission::load_state_dict;
const ADAM_STATE: fn(&Adam) -> StateDict = submission::adam_state;
const ADAM_FROM_STATE: fn(&StateDict) -> Result<Adam, LoadError> = submission::adam_from_state;
const WRITE_ARRAY: fn(&mut Vec<u8>, &ArrayD<f64>) = submission::write_array;
const READ_ARRAY: fn(&mut &[u8]) -> Result<ArrayD<f64>, LoadError> = submission::read_array;
const ENCODE: fn(&Checkpoint) -> Vec<u8> = submission::encode;
const DECODE: fn(&[u8]) -> Result<Checkpoint, LoadError> = submission::decode;
const CHECKPOINT: fn(&mut Run) -> Checkpoint = submission::checkpoint;
const RESUME: fn(&mut Run, &Checkpoint) -> Result<(), LoadError> = submission::resume;
const TO_SAFETENSORS: fn(&StateDict) -> Vec<u8> = submission::to_safetensors;
const FROM_SAFETENSORS: fn(&[u8]) -> Result<StateDict, LoadError> = submission::from_safetensors;
const FROM_PYTORCH: fn(&StateDict) -> Result<StateDict, LoadError> = submission::from_pytorch;

fn main() {
    serve(&[
        ("state_dict", |case| with_dict(Record::new(), "", &STATE_DICT(&mut net(case)))),
        ("load_state_dict", |case| {
            let mut net = net(case);
            let outcome = outcome(&LOAD_STATE_DICT(&mut net, &dict(case, "state ")));
            with_net(Record::new().with("outcome", outcome), &mut net)
        }),
        ("adam_state", |case| with_dict(Record::new(), "", &ADAM_STATE(&adam(case)))),
        ("adam_from_state", |case| {
            let result = ADAM_FROM_STATE(&dict(case, "state "));
            let record = Record::new().with("outcome", outcome(&result));
            result.map_or(record.clone(), |adam| with_adam(record, &adam))
        }),
        ("write_array", |case| {
            // What is in `out` already has to stay there.
            let mut bytes = b"before".to_vec();
            WRITE_ARRAY(&mut bytes, &array(case, "array").expect("the case has an array"));
            match bytes.strip_prefix(b"before") {
                Some(bytes) => in_hex(bytes).into(),
                None => "what was in `out` before is gone".into(),
            }
        }),
        ("read_array", |case| {
            let mut bytes = case.bytes("bytes");
            let result = READ_ARRAY(&mut bytes);
            let record = Record::new().with("outcome", outcome(&result));
            result.map_or(record.clone(), |array| record.with("array", array).with("bytes left", bytes.len()))
        }),
        ("encode", |case| in_hex(&ENCODE(&checkpoint(case))).into()),
        ("decode", |case| {
            let result = DECODE(case.bytes("bytes"));
            let record = Record::new().with("outcome", outcome(&result));
            result.map_or(record.clone(), |checkpoint| with_checkpoint(record, &checkpoint))
        }),
        ("checkpoint", |case| with_checkpoint(Record::new(), &CHECKPOINT(&mut run(case)))),
        ("resume", |case| {
            let mut run = run(case);
            let outcome = outcome(&RESUME(&mut run, &checkpoint(case)));
            with_run(Record::new().with("outcome", outcome), &mut run)
        }),
        ("exact_resume", |case| {
            let [before, after] = ["before", "after"].map(|name| case.count(name));
            let mut straight = run(case);
            train(&mut straight, case, before + after);
            let mut first = run(case);
            train(&mut first, case, before);
            let bytes = ENCODE(&CHECKPOINT(&mut first));
            let mut second = run(case);
            let loaded = DECODE(&bytes).and_then(|checkpoint| RESUME(&mut second, &checkpoint));
            train(&mut second, case, after);
            let numbers = |run: &mut Run| {
                let parameters = run.net.parameters();
                let numbers =
                    parameters.iter().flat_map(|parameter| parameter.value.iter().copied().collect::<Vec<_>>());
                numbers.chain(run.losses.iter().copied()).map(f64::to_bits).collect::<Vec<_>>()
            };
            let same = numbers(&mut straight) == numbers(&mut second);
            let record = Record::new().with("outcome", outcome(&loaded)).with("the same, bit for bit", same);
            with_net(record.with("losses", Array1::from(second.losses.clone())), &mut second.net)
        }),
        ("to_safetensors", |case| {
            let bytes = TO_SAFETENSORS(&dict(case, "state "));
            let file = match SafeTensors::deserialize(&bytes) {
                Ok(file) => file,
                Err(error) => return Record::new().with("outcome", format!("not a safetensors file: {error}")),
            };
            let mut tensors = file.tensors();
            tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
            let types: Vec<String> = tensors.iter().map(|(name, view)| format!("{name}: {:?}", view.dtype())).collect();
            let mut record = Record::new().with("outcome", "Ok").with("types", types.join(", "));
            for (name, view) in tensors {
                let numbers: Vec<f64> = match view.dtype() {
                    Dtype::F64 => view.data().as_chunks().0.iter().map(|n| f64::from_le_bytes(*n)).collect(),
                    Dtype::F32 => view.data().as_chunks().0.iter().map(|n| f64::from(f32::from_le_bytes(*n))).collect(),
                    _ => continue,
                };
                let array = ArrayD::from_shape_vec(view.shape(), numbers).expect("the crate has compared the sizes");
                record = record.with(&name, array);
            }
            record
        }),
        ("from_safetensors", |case| dict_or_error(FROM_SAFETENSORS(case.bytes("bytes")))),
        ("from_pytorch", |case| dict_or_error(FROM_PYTORCH(&dict(case, "state ")))),
        // For the pictures.
        ("file", |case| ENCODE(&checkpoint(case)).into_iter().map(f64::from).collect::<Array1<f64>>().into()),
        ("damage", |case| {
            let bytes = ENCODE(&checkpoint(case));
            let kind = |bytes: &[u8]| match DECODE(bytes) {
                Ok(_) => 0.0,
                Err(LoadError::NotACheckpoint) => 1.0,
                Err(LoadError::UnknownVersion(_)) => 2.0,
                Err(LoadError::Truncated) => 3.0,
                Err(LoadError::TrailingBytes) => 4.0,
                Err(LoadError::Damaged) => 5.0,
                Err(_) => 6.0,
            };
            let flipped = (0..bytes.len()).map(|i| {
                let mut bytes = bytes.clone();
                bytes[i] ^= 1;
                kind(&bytes)
            });
            let flipped: Array1<f64> = flipped.collect();
            let cut: Array1<f64> = (0..bytes.len()).map(|length| kind(&bytes[..length])).collect();
            Record::new().with("flipped", flipped).with("cut", cut)
        }),
        ("curve", |case| {
            let mut first = run(case);
            train(&mut first, case, case.count("before"));
            let mut kept = CHECKPOINT(&mut first);
            match case.text("forgets") {
                "nothing" => {}
                "memory" => kept.optimizer = ADAM_STATE(&Adam::new(case.float("learning_rate"))),
                "epoch" => kept.epoch = 0,
                other => panic!("a case forgets {other}"),
            }
            let mut second = run(case);
            let kept = DECODE(&ENCODE(&kept)).expect("`decode` has to read what `encode` wrote");
            RESUME(&mut second, &kept).expect("`resume` has to take a checkpoint of the same network");
            train(&mut second, case, case.count("after"));
            Array1::from(second.losses).into()
        }),
        ("regions", |case| {
            let state = FROM_SAFETENSORS(case.bytes("bytes")).expect("`from_safetensors` has to read a whole file");
            let state = FROM_PYTORCH(&state).expect("`from_pytorch` has to know these names");
            let mut net = net_of(state);
            net.forward(&case.matrix("x")).column(0).to_owned().into()
        }),
    ]);
}

fn outcome<T>(result: &Result<T, LoadError>) -> String {
    match result {
        Ok(_) => "Ok".to_owned(),
        // The reason is what the crate says, and up to it.
        Err(LoadError::NotSafetensors(_)) => "NotSafetensors".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// Bytes as text, eight a line, so that the first difference has a place.
fn in_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, eight) in bytes.chunks(8).enumerate() {
        write!(text, "from byte {}:", 8 * line).expect("a String takes any text");
        for byte in eight {
            write!(text, " {byte:02x}").expect("a String takes any text");
        }
        text.push('\n');
    }
    text
}

/// The array called `name`; where the case asks for it, with columns first in memory, as after a transposition.
fn array(case: &Record, name: &str) -> Option<ArrayD<f64>> {
    let Some(Value::Array { shape, data }) = case.get(name) else { return None };
    let array = ArrayD::from_shape_vec(shape.as_slice(), data.clone()).expect("a record is whole");
    if case.get("columns_first").is_none() {
        return Some(array);
    }
    let mut columns_first = ArrayD::zeros(shape.as_slice().f());
    columns_first.assign(&array);
    Some(columns_first)
}

/// The arrays whose names begin with `prefix`.
fn dict(case: &Record, prefix: &str) -> StateDict {
    let names = case.parts().filter_map(|(name, _)| name.strip_prefix(prefix));
    names.filter_map(|name| Some((name.to_owned(), array(case, &format!("{prefix}{name}"))?))).collect()
}

/// A network of linear layers with ReLUs between them, whose parameters the case holds.
fn net(case: &Record) -> Sequential {
    net_of(dict(case, "net "))
}

fn net_of(mut state: StateDict) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for i in (0..).step_by(2) {
        let [weights, biases] = [i, i + 1].map(|i| state.remove(&format!("parameter.{i}")));
        let (Some(weights), Some(biases)) = (weights, biases) else { break };
        if !layers.is_empty() {
            layers.push(Box::new(Relu::default()));
        }
        let weights = weights.into_dimensionality().expect("weights are a matrix");
        layers.push(Box::new(Linear::from_parts(weights, biases.into_dimensionality().expect("biases are a row"))));
    }
    Sequential::new(layers)
}

/// Arrays called `name 0`, `name 1` and so on.
fn arrays(case: &Record, name: &str) -> Vec<ArrayD<f64>> {
    (0..).map_while(|i| array(case, &format!("{name} {i}"))).collect()
}

fn adam(case: &Record) -> Adam {
    Adam {
        learning_rate: case.float("learning_rate"),
        n_steps: case.count("n_steps"),
        means: arrays(case, "mean"),
        mean_squares: arrays(case, "mean_square"),
    }
}

/// A training that has got as far as the case says.
fn run(case: &Record) -> Run {
    let mut run = Run::new(net(case), case.float("learning_rate"), case.count("run's seed") as u64);
    run.adam = adam(case);
    run.epoch = case.count("run's epoch");
    run.losses = case.vector("run's losses").to_vec();
    run
}

fn train(run: &mut Run, case: &Record, n_epochs: usize) {
    run.train(&case.matrix("x"), &case.matrix("y"), &Mse, case.count("batch_size"), n_epochs);
}

fn checkpoint(case: &Record) -> Checkpoint {
    Checkpoint {
        seed: case.count("seed") as u64,
        epoch: case.count("epoch"),
        losses: case.vector("losses").to_vec(),
        model: dict(case, "model "),
        optimizer: dict(case, "optimizer "),
    }
}

fn with_dict(record: Record, prefix: &str, state: &StateDict) -> Record {
    let names: Vec<&str> = state.keys().map(String::as_str).collect();
    let record = record.with(&format!("{prefix}names"), names.join(", "));
    state.iter().fold(record, |record, (name, array)| record.with(&format!("{prefix}{name}"), array.clone()))
}

fn dict_or_error(result: Result<StateDict, LoadError>) -> Record {
    let record = Record::new().with("outcome", outcome(&result));
    result.map_or(record.clone(), |state| with_dict(record, "", &state))
}

fn with_net(record: Record, net: &mut Sequential) -> Record {
    let parameters = net.parameters();
    let numbered = parameters.iter().enumerate();
    numbered.fold(record, |record, (i, parameter)| {
        record.with(&format!("the network's parameter.{i}"), parameter.value.to_owned())
    })
}

fn with_adam(record: Record, adam: &Adam) -> Record {
    let mut record = record
        .with("learning_rate", adam.learning_rate)
        .with("n_steps", adam.n_steps)
        .with("means", adam.means.len())
        .with("mean_squares", adam.mean_squares.len());
    for (name, arrays) in [("mean", &adam.means), ("mean_square", &adam.mean_squares)] {
        for (i, array) in arrays.iter().enumerate() {
            record = record.with(&format!("{name}.{i}"), array.clone());
        }
    }
    record
}

fn with_checkpoint(record: Record, checkpoint: &Checkpoint) -> Record {
    let record = record
        .with("seed", checkpoint.seed as usize)
        .with("epoch", checkpoint.epoch)
        .with("losses", Array1::from(checkpoint.losses.clone()));
    with_dict(with_dict(record, "model ", &checkpoint.model), "optimizer ", &checkpoint.optimizer)
}

fn with_run(record: Record, run: &mut Run) -> Record {
    let record = record
        .with("seed", run.seed as usize)
        .with("epoch", run.epoch)
        .with("losses", Array1::from(run.losses.clone()));
    with_net(with_adam(record, &run.adam), &mut run.net)
}
