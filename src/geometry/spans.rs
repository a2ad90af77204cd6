//! Spans of one dimension.

/// Share of a span `(start, end)` that lies in the union of others.
#[must_use]
pub fn covered_share(span: (f64, f64), mut others: Vec<(f64, f64)>) -> f64 {
    others.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut covered, mut reached) = (0.0, span.0);
    for (start, end) in others {
        let (start, end) = (start.max(reached), end.min(span.1));
        if end > start {
            covered += end - start;
            reached = end;
        }
    }
    covered / (span.1 - span.0)
}
