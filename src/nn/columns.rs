//! What flows from one layer to the next: the columns of a feature map that the next layer hasn't used up.

/// Columns of a feature map in order of time. A column is `[rows, channels]` between rows of zeros, the convolution's padding.
#[derive(Debug)]
pub(crate) struct Columns {
    rows: usize,
    channels: usize,
    padding: usize,
    column_values: usize,
    values: Vec<f32>,
    to_come: usize,
}

impl Columns {
    /// For maps of `rows` and `channels`, in columns of `padded_rows`, `padding` of which come first.
    pub(crate) fn new(rows: usize, channels: usize, padding: usize, padded_rows: usize) -> Self {
        Self {
            rows,
            channels,
            padding,
            column_values: padded_rows.max(padding + rows) * channels,
            values: Vec::new(),
            to_come: 0,
        }
    }

    /// Begins a map of `total` columns, before which lies the padding.
    pub(crate) fn start(&mut self, total: usize) {
        self.values.clear();
        self.to_come = total;
        self.append_zeros(self.padding);
    }

    /// Appends `count` columns, all zero, for the caller to fill.
    pub(crate) fn push(&mut self, count: usize) -> &mut [f32] {
        let end = self.values.len();
        self.to_come -= count;
        self.append_zeros(count);
        &mut self.values[end..]
    }

    /// When the map is complete: appends columns of zeros, its padding at the end.
    pub(crate) fn pad_if_complete(&mut self, count: usize) {
        if self.to_come == 0 {
            self.append_zeros(count);
        }
    }

    /// Forgets the first `count` columns.
    pub(crate) fn drop_front(&mut self, count: usize) {
        let end = (count * self.column_values).min(self.values.len());
        self.values.copy_within(end.., 0);
        self.values.truncate(self.values.len() - end);
    }

    /// The columns that are here.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Number of columns that are here.
    pub(crate) fn held(&self) -> usize {
        self.values.len() / self.column_values
    }

    /// Number of columns yet to be pushed.
    pub(crate) fn to_come(&self) -> usize {
        self.to_come
    }

    /// Values in a column, its padding included.
    pub(crate) fn column_values(&self) -> usize {
        self.column_values
    }

    /// Where in a column its rows lie.
    pub(crate) fn row_range(&self) -> std::ops::Range<usize> {
        self.padding * self.channels..(self.padding + self.rows) * self.channels
    }

    fn append_zeros(&mut self, columns: usize) {
        let end = self.values.len() + columns * self.column_values;
        self.values.resize(end, 0.0);
    }
}
