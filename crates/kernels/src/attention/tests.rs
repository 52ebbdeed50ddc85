use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};

use super::*;
use crate::check::{along, leaf, same};
use crate::dropout::dropout;

/// `[b, t, d]` -> `[b, h, t, d / h]`.
fn apart(x: Tensor<3>, heads: usize) -> Tensor<4> {
    let [b, t, d] = x.dims();
    x.reshape([b, t, heads, d / heads]).swap_dims(1, 2)
}

/// Plain operations, clip by clip, for clips without padding.
fn plain(of: &Attention) -> Tensor<3> {
    let ([b, t, d], [heads, size]) = (of.query.dims(), of.content_bias.dims());
    let bias = |bias: &Tensor<2>| bias.clone().reshape([1, heads, 1, size]);
    let (q, k) = (apart(of.query.clone(), heads), apart(of.key.clone(), heads).swap_dims(2, 3));
    let table = apart(of.table.clone().unsqueeze(), heads).swap_dims(2, 3);
    let raw = (q.clone() + bias(&of.place_bias)).matmul(table.expand([b, heads, size, t]));
    let scores = ((q + bias(&of.content_bias)).matmul(k) + shifted(raw)) * of.scale;
    let weights = match of.dropout {
        Some((key, probability)) => dropout(softmax(scores, 3), key, probability),
        None => softmax(scores, 3),
    };
    weights.matmul(apart(of.value.clone(), heads)).swap_dims(1, 2).reshape([b, t, d])
}

/// One column of zeros in front, read in rows that are one shorter, the first row dropped.
fn shifted(raw: Tensor<4>) -> Tensor<4> {
    let [b, h, t, _] = raw.dims();
    let column = Tensor::zeros([b, h, t, 1], &raw.device());
    Tensor::cat(vec![column, raw], 3).reshape([b, h, t + 1, t]).narrow(2, 1, t)
}

fn given([b, t, heads, size]: [usize; 4]) -> Attention {
    let shape = [b, t, heads * size];
    Attention {
        query: leaf(shape, 1),
        key: leaf(shape, 2),
        value: leaf(shape, 3),
        table: leaf([t, heads * size], 4),
        content_bias: leaf([heads, size], 5),
        place_bias: leaf([heads, size], 6),
        lengths: vec![t; b].into(),
        scale: 0.7,
        dropout: None,
    }
}

#[test]
fn it_is_the_definition_and_so_are_its_gradients() {
    for sizes in [[1, 1, 1, 1], [2, 2, 1, 3], [3, 5, 2, 4], [11, 37, 3, 8]] {
        for dropout in [None, Some(([3, 4], 0.25))] {
            let of = Attention { dropout, ..given(sizes) };
            let Attention { query, key, value, table, content_bias, place_bias, .. } = &of;
            let leaves = along![query, key, value, table, content_bias, place_bias];
            same(attention(of.clone()), plain(&of), leaves);
        }
    }
}

#[test]
fn the_shift_follows_its_formula() {
    let t = 4;
    let raw = Tensor::<4>::from_data(
        [[[
            [11., 12., 13., 14.],
            [21., 22., 23., 24.],
            [31., 32., 33., 34.],
            [41., 42., 43., 44.],
        ]]],
        &Device::flex(),
    );
    let values: Vec<f32> = shifted(raw).into_data().iter().collect();
    for (i, row) in values.chunks(t).enumerate() {
        for (j, value) in row.iter().enumerate() {
            let (row, column) = match j {
                _ if j <= i => (i, t - 1 - i + j),
                _ if j == i + 1 => {
                    assert_eq!(*value, 0.0);
                    continue;
                }
                _ => (i + 1, j - i - 2),
            };
            assert_eq!(*value, (10 * (row + 1) + column + 1) as f32);
        }
    }
}

#[test]
fn a_clip_is_read_alone_whatever_its_padding() {
    let (of, lengths) = (given([3, 9, 2, 4]), [9, 4, 0]);
    let Attention { query, key, value, table, content_bias, place_bias, .. } = &of;
    let part =
        |x: &Tensor<3>, clip: usize| x.clone().narrow(0, clip, 1).narrow(1, 0, lengths[clip]);
    let clips = (0..3).map(|clip| {
        let n = lengths[clip];
        let padding = Tensor::zeros([1, 9 - n, 8], &query.device());
        if n == 0 {
            return padding;
        }
        let own = plain(&Attention {
            query: part(query, clip),
            key: part(key, clip),
            value: part(value, clip),
            table: table.clone().narrow(0, 0, n),
            lengths: vec![n].into(),
            ..of.clone()
        });
        if n == 9 { own } else { Tensor::cat(vec![own, padding], 1) }
    });
    let expected = Tensor::cat(clips.collect(), 0);
    let got = attention(Attention { lengths: lengths.to_vec().into(), ..of.clone() });
    same(got, expected, along![query, key, value, table, content_bias, place_bias]);
}

#[test]
fn scores_that_tower_over_others_stay_numbers() {
    let of = given([1, 6, 1, 4]);
    let of = Attention { query: of.query.clone() * 1e4, ..of };
    let seen = attention(of.clone());
    assert!(seen.to_data().iter::<f32>().all(f32::is_finite));
    let slopes = seen.sum().backward();
    let slope = of.key.grad(&slopes).unwrap();
    assert!(!slope.is_nan().any().into_scalar::<bool>());
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let run = || {
        let of = given([13, 12, 2, 4]);
        let out = attention(of.clone());
        let slopes = (out.clone() * out).sum().backward();
        [of.query.grad(&slopes).unwrap().into_data(), of.table.grad(&slopes).unwrap().into_data()]
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    assert_eq!(pool(1).install(run), pool(3).install(run));
}
