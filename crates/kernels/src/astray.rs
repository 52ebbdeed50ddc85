//! What is no number must not become one on its way: a training that it reaches has to stop.

use burn::tensor::Tensor;

use crate::check::leaf;
use crate::{
    Activation, Attention, Entry, attention, depthwise, dropout, global_norm, glu, layer_norm,
    linear, normalise, normalise_nodes, residual, temporal,
};

#[test]
fn what_is_no_number_stays_none() {
    let shape @ [b, t, c] = [2, 5, 4];
    let x = leaf(shape, 1).detach().slice_fill([1..2, 2..3, 1..2], f32::NAN);
    let (one, row, square) = (leaf([1], 2), leaf([c], 3), leaf([c, c], 4));
    let lengths = || vec![t; b].into();
    let entered = |activation| {
        let entry = Entry { activation, dropout: Some(([1, 2], 0.5)) };
        linear(x.clone(), square.clone(), None, entry)
    };
    let seen = attention(Attention {
        query: x.clone(),
        key: leaf(shape, 5),
        value: leaf(shape, 6),
        table: leaf([t, c], 7),
        content_bias: leaf([2, 2], 8),
        place_bias: leaf([2, 2], 9),
        lengths: lengths(),
        scale: 1.0,
        dropout: None,
    });
    let rows: Tensor<2> = x.clone().reshape([b * t, c]);
    let nodes = leaf([t], 10);
    let outs: [(&str, Tensor<3>); 13] = [
        ("same", entered(Activation::Same)),
        ("relu", entered(Activation::Relu)),
        ("swish", entered(Activation::Swish)),
        ("attention", seen),
        ("depthwise", depthwise(x.clone(), leaf([c, 1, 3], 11), None, 1, lengths())),
        ("dropout", dropout(x.clone(), [1, 2], 0.9)),
        ("global norm", global_norm(x.clone(), one, row.clone(), row.clone(), 1e-8, lengths())),
        ("glu", glu(x.clone())),
        ("layer norm", layer_norm(x.clone(), row.clone(), row.clone(), 1e-5)),
        ("batch norm", normalise(rows, row.clone(), row, 1e-5, true).rows.reshape(shape)),
        ("nodes", normalise_nodes(x.clone(), nodes.clone(), nodes, 1e-5, vec![c; b].into()).x),
        ("residual", residual(leaf(shape, 12), x.clone(), 0.5, None)),
        ("temporal", temporal(x.clone(), leaf([3 * c, 4], 13), leaf([4], 14))),
    ];
    for (name, out) in outs {
        assert!(out.is_nan().any().into_scalar::<bool>(), "{name}");
    }
}
