//! The logic gates: the smallest data sets that a neuron can, and cannot, learn.

use ndarray::{Array1, array};

use crate::Dataset;

/// A logic gate of two inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// 1 where both inputs are.
    And,
    /// 1 where at least one input is.
    Or,
    /// 0 where both inputs are 1.
    Nand,
    /// 1 where the inputs differ. No straight line separates its classes.
    Xor,
}

impl Gate {
    /// All gates, the separable ones first.
    pub const ALL: [Self; 4] = [Self::And, Self::Or, Self::Nand, Self::Xor];

    /// The name as logicians write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
            Self::Nand => "NAND",
            Self::Xor => "XOR",
        }
    }

    /// The truth table: samples 00, 01, 10, 11 in that order.
    #[must_use]
    pub fn dataset(self) -> Dataset {
        let labels = match self {
            Self::And => [0, 0, 0, 1],
            Self::Or => [0, 1, 1, 1],
            Self::Nand => [1, 1, 1, 0],
            Self::Xor => [0, 1, 1, 0],
        };
        Dataset {
            features: array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]],
            labels: Array1::from(labels.to_vec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nand_is_the_negation_of_and() {
        let (and, nand) = (Gate::And.dataset(), Gate::Nand.dataset());
        assert_eq!(and.labels.mapv(|label| 1 - label), nand.labels);
    }

    #[test]
    fn xor_is_or_but_not_and() {
        let labels = |gate: Gate| gate.dataset().labels;
        assert_eq!(labels(Gate::Xor), labels(Gate::Or) - labels(Gate::And));
    }

    #[test]
    fn targets_are_the_labels_as_numbers() {
        assert_eq!(Gate::Or.dataset().targets(), array![0.0, 1.0, 1.0, 1.0]);
    }
}
