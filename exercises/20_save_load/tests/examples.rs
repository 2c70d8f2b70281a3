//! The lesson's worked examples. Run them with `cargo test -p save_load`; the grader asks for more.
//!
//! Files are tested here only: what the grader runs may open none.

use std::fs;

use approx::assert_abs_diff_eq;
use engine::{Activation, Layer, Linear, Mse, Relu, Sequential, mlp};
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use save_load::{
    Adam, Checkpoint, LoadError, Run, StateDict, adam_from_state, adam_state, checkpoint, decode, encode, from_pytorch,
    from_safetensors, load, load_state_dict, read_array, resume, save, state_dict, to_safetensors, write_array,
};

/// What Python wrote: see `solutions/20_save_load/tests/rings.py`.
const RINGS: &[u8] = include_bytes!("rings.safetensors");

fn net(seed: u64) -> Sequential {
    mlp(&[2, 3, 1], Activation::Tanh, &mut Xoshiro256PlusPlus::seed_from_u64(seed))
}

fn kept() -> Checkpoint {
    let mut run = Run::new(net(1), 0.01, 7);
    run.train(&array![[0.0, 1.0], [1.0, 0.5], [0.5, 0.0]], &array![[1.0], [0.0], [1.0]], &Mse, 2, 3);
    checkpoint(&mut run)
}

#[test]
fn a_network_is_its_parameters() {
    let mut trained = net(1);
    let state = state_dict(&mut trained);
    assert_eq!(state.keys().collect::<Vec<_>>(), ["parameter.0", "parameter.1", "parameter.2", "parameter.3"]);
    let mut other = net(2);
    load_state_dict(&mut other, &state).unwrap();
    let x = array![[0.5, -1.0], [2.0, 0.25]];
    assert_eq!(other.forward(&x), trained.forward(&x));
}

#[test]
fn another_network_is_refused() {
    let mut state = state_dict(&mut net(1));
    let mut wider = mlp(&[2, 4, 1], Activation::Tanh, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let before = state_dict(&mut wider);
    let error = load_state_dict(&mut wider, &state).unwrap_err();
    let (expected, found) = (vec![2, 4], vec![2, 3]);
    assert_eq!(error, LoadError::WrongShape { name: "parameter.0".to_owned(), expected, found });
    assert_eq!(state_dict(&mut wider), before);
    state.remove("parameter.3");
    assert_eq!(load_state_dict(&mut net(2), &state), Err(LoadError::Missing("parameter.3".to_owned())));
}

#[test]
fn the_optimiser_has_a_state_as_well() {
    let adam = Adam {
        learning_rate: 0.01,
        n_steps: 3,
        means: vec![array![0.5, -0.25].into_dyn()],
        mean_squares: vec![array![0.125, 0.0625].into_dyn()],
    };
    let state = adam_state(&adam);
    assert_eq!(state.keys().collect::<Vec<_>>(), ["learning_rate", "mean.0", "mean_square.0", "n_steps"]);
    assert_eq!(adam_from_state(&state), Ok(adam));
}

#[test]
fn an_array_becomes_bytes_row_by_row() {
    let matrix = array![[1.0, 2.0], [-0.5, 0.1], [3.0, 4.0]];
    let (mut bytes, mut turned) = (Vec::new(), Vec::new());
    write_array(&mut bytes, &matrix.clone().into_dyn());
    // The same entries, once more, in an array that lies in memory column by column.
    write_array(&mut turned, &matrix.t().as_standard_layout().into_owned().reversed_axes().into_dyn());
    assert_eq!(bytes.len(), 72);
    assert_eq!(bytes[..24], [2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes, turned);
    bytes.push(99);
    let mut rest = bytes.as_slice();
    assert_eq!(read_array(&mut rest), Ok(matrix.into_dyn()));
    assert_eq!(rest, [99]);
    assert_eq!(read_array(&mut &bytes[..71]), Err(LoadError::Truncated));
}

#[test]
fn damage_is_noticed() {
    let bytes = encode(&kept());
    assert_eq!(decode(&bytes), Ok(kept()));
    assert_eq!(decode(b"<html>"), Err(LoadError::NotACheckpoint));
    assert_eq!(decode(&bytes[..bytes.len() - 1]), Err(LoadError::Truncated));
    let mut changed = bytes.clone();
    changed[100] ^= 1;
    assert_eq!(decode(&changed), Err(LoadError::Damaged));
}

#[test]
fn a_training_goes_on_exactly() {
    let x = Array2::from_shape_fn((6, 2), |(i, j)| (i * 2 + j) as f64 / 10.0);
    let y = Array2::from_shape_fn((6, 1), |(i, _)| (i % 2) as f64);
    let mut straight = Run::new(net(1), 0.01, 7);
    straight.train(&x, &y, &Mse, 4, 10);

    let mut first = Run::new(net(1), 0.01, 7);
    first.train(&x, &y, &Mse, 4, 5);
    let bytes = encode(&checkpoint(&mut first));
    let mut second = Run::new(net(2), 0.5, 8);
    resume(&mut second, &decode(&bytes).unwrap()).unwrap();
    second.train(&x, &y, &Mse, 4, 5);
    assert_eq!(second.losses, straight.losses);
    assert_eq!(state_dict(&mut second.net), state_dict(&mut straight.net));
}

#[test]
fn a_checkpoint_goes_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("xor.checkpoint");
    save(&path, &Checkpoint { epoch: 1, ..kept() }).unwrap();
    save(&path, &kept()).unwrap();
    assert_eq!(load(&path).unwrap(), kept());
    // Nothing else is left there.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let says = load(&path).unwrap_err().to_string();
    assert!(says.contains("xor.checkpoint") && says.contains("end too early"), "{says}");
    let says = load(&folder.path().join("none")).unwrap_err().to_string();
    assert!(says.contains("none"), "{says}");
    let says = save(&folder.path().join("no/folder"), &kept()).unwrap_err().to_string();
    assert!(says.contains("folder"), "{says}");
}

#[test]
fn safetensors_go_out_and_come_back() {
    let state = state_dict(&mut net(1));
    let bytes = to_safetensors(&state);
    assert_eq!(from_safetensors(&bytes), Ok(state));
    assert!(matches!(from_safetensors(&bytes[..50]), Err(LoadError::NotSafetensors(_))));
}

#[test]
fn a_file_of_pythons_is_read() {
    let state: StateDict = from_safetensors(RINGS).unwrap();
    assert_eq!(state["0.weight"].shape(), [16, 2]);
    assert_eq!(state["2.bias"].shape(), [1]);
}

#[test]
fn a_network_of_pythons_goes_to_work() {
    let state = from_pytorch(&from_safetensors(RINGS).unwrap()).unwrap();
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let (hidden, output) = (Linear::new(2, 16, rng), Linear::new(16, 1, rng));
    let layers: Vec<Box<dyn Layer>> = vec![Box::new(hidden), Box::new(Relu::default()), Box::new(output)];
    let mut net = Sequential::new(layers);
    load_state_dict(&mut net, &state).unwrap();
    // What NumPy computes with the same numbers: positive inside, negative on the outer ring.
    let scores = net.forward(&array![[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.0, -0.9]]);
    let right = array![[2.4071535], [0.9776902], [-0.98860733], [-0.6647963]];
    assert_abs_diff_eq!(scores, right, epsilon = 1e-6);
}
