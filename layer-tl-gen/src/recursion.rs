//! Which types contain which, and how large values are: what needs a box, what counts as nesting,
//! what only servers read, and which constructor can stand in when none is known.

use crate::Error;
use crate::schema::{Field, Item, Kind, Schema};

/// A variant larger than this is boxed: an enum is as large as its largest variant, and vectors of
/// it move that much for each element. Larger limits save allocations and cost more in moves: with
/// 256, a history of messages takes 3 allocations in a hundred less to read, and a tenth more time.
const LARGEST_INLINE: usize = 128;

/// Marks what has to be boxed, what is recursive, what only servers read, and each type's fallback.
pub(crate) fn analyse(schema: &mut Schema<'_>) -> Result<(), Error> {
    refuse_bare_circles(&schema.constructors)?;
    let by_value = reachable(&edges(schema, false));
    let through_vectors = reachable(&edges(schema, true));
    let reaches = |graph: &[Vec<bool>], from: usize, to: usize| {
        graph.get(from).and_then(|row| row.get(to)).copied().unwrap_or(false)
    };
    for at in 0..schema.types.len() {
        let constructors = &schema.constructors;
        let Some(ty) = schema.types.get_mut(at) else { continue };
        ty.recursive = reaches(&through_vectors, at, at);
        for variant in &mut ty.variants {
            let Some(item) = constructors.get(variant.constructor) else { continue };
            let mut held = Vec::new();
            for field in item.fields() {
                types_in(&field.kind, constructors, false, &mut held);
            }
            variant.boxed = held.iter().any(|to| reaches(&by_value, *to, at));
        }
    }
    mark_only_asked(schema, &through_vectors);
    box_large_variants(schema);
    choose_fallbacks(schema)
}

fn mark_only_asked(schema: &mut Schema<'_>, reachable: &[Vec<bool>]) {
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    for function in &schema.functions {
        types_in(&function.result, &schema.constructors, true, &mut answered);
        for field in function.fields() {
            types_in(&field.kind, &schema.constructors, true, &mut asked);
        }
    }
    let within = |roots: &[usize], at: usize| {
        let reaches = |root: usize| reachable.get(root).and_then(|row| row.get(at)) == Some(&true);
        roots.iter().any(|root| *root == at || reaches(*root))
    };
    for (at, ty) in schema.types.iter_mut().enumerate() {
        ty.only_asked = within(&asked, at) && !within(&answered, at);
    }
}

/// A constructor that holds itself bare would have a struct of endless size; what follows relies on
/// there being none.
fn refuse_bare_circles(constructors: &[Item<'_>]) -> Result<(), Error> {
    fn bare(kind: &Kind) -> Option<usize> {
        match kind {
            Kind::Bare(at) => Some(*at),
            Kind::Vector(element) | Kind::BareVector(element) => bare(element),
            _ => None,
        }
    }
    let edges: Vec<Vec<usize>> = constructors
        .iter()
        .map(|item| item.fields().filter_map(|field| bare(&field.kind)).collect())
        .collect();
    for (at, (item, held)) in constructors.iter().zip(&edges).enumerate() {
        // Few constructors hold others bare, so the search ends at once for nearly all.
        let mut todo = held.clone();
        let mut seen = Vec::new();
        while let Some(next) = todo.pop() {
            if next == at {
                return Err(Error::Endless(item.definition.full_name()));
            }
            if !seen.contains(&next) {
                seen.push(next);
                todo.extend(edges.get(next).into_iter().flatten());
            }
        }
    }
    Ok(())
}

/// Which types each type's constructors hold, in vectors too or by value alone.
fn edges(schema: &Schema<'_>, in_vectors: bool) -> Vec<Vec<usize>> {
    let of_type = |ty: &crate::schema::TypeItem| {
        let mut held = Vec::new();
        for item in ty.variants.iter().filter_map(|v| schema.constructors.get(v.constructor)) {
            for field in item.fields() {
                types_in(&field.kind, &schema.constructors, in_vectors, &mut held);
            }
        }
        held
    };
    schema.types.iter().map(of_type).collect()
}

fn types_in(kind: &Kind, constructors: &[Item<'_>], in_vectors: bool, held: &mut Vec<usize>) {
    match kind {
        Kind::Boxed(at) if !held.contains(at) => held.push(*at),
        Kind::Bare(at) => {
            for field in constructors.get(*at).into_iter().flat_map(Item::fields) {
                types_in(&field.kind, constructors, in_vectors, held);
            }
        }
        Kind::Vector(element) | Kind::BareVector(element) if in_vectors => {
            types_in(element, constructors, in_vectors, held);
        }
        _ => {}
    }
}

/// For each type, which ones can be reached over one edge or more.
fn reachable(edges: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let from = |start: usize| {
        let mut seen = vec![false; edges.len()];
        let mut todo = vec![start];
        while let Some(at) = todo.pop() {
            for to in edges.get(at).into_iter().flatten() {
                if let Some(seen @ false) = seen.get_mut(*to) {
                    *seen = true;
                    todo.push(*to);
                }
            }
        }
        seen
    };
    (0..edges.len()).map(from).collect()
}

/// Boxing one variant shrinks the types that hold its type, so sizes are worked out inside out.
fn box_large_variants(schema: &mut Schema<'_>) {
    let mut sizes = vec![None; schema.types.len()];
    for at in 0..schema.types.len() {
        size_of_type(schema, at, &mut sizes);
    }
}

fn size_of_type(schema: &mut Schema<'_>, at: usize, sizes: &mut Vec<Option<usize>>) -> usize {
    if let Some(Some(size)) = sizes.get(at) {
        return *size;
    }
    let count = schema.types.get(at).map_or(0, |ty| ty.variants.len());
    let mut largest = 0;
    for index in 0..count {
        let variant = |schema: &Schema<'_>| {
            let variant = schema.types.get(at)?.variants.get(index)?;
            Some((variant.constructor, variant.boxed))
        };
        let Some((constructor, boxed)) = variant(schema) else { continue };
        let mut size = 8;
        if !boxed {
            size = size_of_item(schema, constructor, sizes);
            if size > LARGEST_INLINE {
                size = 8;
                let ty = schema.types.get_mut(at);
                if let Some(variant) = ty.and_then(|ty| ty.variants.get_mut(index)) {
                    variant.boxed = true;
                }
            }
        }
        largest = largest.max(size);
    }
    let size = if count > 1 { largest + 8 } else { largest };
    if let Some(slot) = sizes.get_mut(at) {
        *slot = Some(size);
    }
    size
}

fn size_of_item(schema: &mut Schema<'_>, at: usize, sizes: &mut Vec<Option<usize>>) -> usize {
    let Some(item) = schema.constructors.get(at) else { return 0 };
    let fields: Vec<(Kind, bool)> =
        item.fields().map(|field| (field.kind.clone(), field.flag.is_some())).collect();
    let sum: usize =
        fields.iter().map(|(kind, optional)| size_of_field(schema, kind, *optional, sizes)).sum();
    sum.next_multiple_of(8)
}

fn size_of_field(
    schema: &mut Schema<'_>,
    kind: &Kind,
    optional: bool,
    sizes: &mut Vec<Option<usize>>,
) -> usize {
    match kind {
        Kind::Bit | Kind::Builtin("bool") => 1,
        Kind::Builtin("i32") => {
            if optional {
                8
            } else {
                4
            }
        }
        Kind::Builtin("i64" | "f64") => {
            if optional {
                16
            } else {
                8
            }
        }
        Kind::Builtin("[u8; 16]") => 16,
        Kind::Builtin("[u8; 32]") => 32,
        Kind::Builtin(_) | Kind::Vector(_) | Kind::BareVector(_) | Kind::Generic(_) => 24,
        Kind::Boxed(at) => size_of_type(schema, *at, sizes),
        Kind::Bare(at) => size_of_item(schema, *at, sizes),
    }
}

/// The fewest nested values that complete each type, from the leaves up.
fn choose_fallbacks(schema: &mut Schema<'_>) -> Result<(), Error> {
    let mut depths: Vec<Option<usize>> = vec![None; schema.types.len()];
    loop {
        let mut changed = false;
        for (at, ty) in schema.types.iter_mut().enumerate() {
            if depths.get(at).is_none_or(Option::is_some) {
                continue;
            }
            let depth = |variant: &crate::schema::Variant| {
                needed_depth(variant.constructor, &schema.constructors, &depths)
            };
            let best =
                ty.variants.iter().enumerate().filter_map(|(i, v)| Some((depth(v)?, i))).min();
            if let (Some((depth, index)), Some(slot)) = (best, depths.get_mut(at)) {
                *slot = Some(depth + 1);
                ty.fallback = index;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    match depths.iter().zip(&schema.types).find(|(depth, _)| depth.is_none()) {
        Some((_, ty)) => Err(Error::Endless(ty.name.clone())),
        None => Ok(()),
    }
}

/// The depth of the fields that a constructor can't do without, if all of them are known.
fn needed_depth(at: usize, items: &[Item<'_>], depths: &[Option<usize>]) -> Option<usize> {
    let depth = |field: &Field| match &field.kind {
        Kind::Boxed(at) => depths.get(*at).copied().flatten(),
        Kind::Bare(at) => needed_depth(*at, items, depths),
        _ => Some(0),
    };
    let needed = items.get(at)?.fields().filter(|field| field.flag.is_none());
    needed.map(depth).try_fold(0, |most, depth| Some(most.max(depth?)))
}
