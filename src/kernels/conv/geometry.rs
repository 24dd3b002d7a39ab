//! The sizes of a convolution and where its windows lie.

/// A convolution of one row; every kernel takes the number of rows beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Height, width and channels that go in.
    pub input: [usize; 3],
    /// Channels that come out.
    pub outputs: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Step between windows, down and across.
    pub stride: usize,
    /// Zeros added at top, bottom, left, right.
    pub pad: [usize; 4],
}

impl Convolution {
    /// Height, width and channels that come out; zero height or width where the kernel does not fit.
    pub fn output(&self) -> [usize; 3] {
        let [height, width, _] = self.padded();
        let count = |size: usize, kernel: usize| match size.checked_sub(kernel) {
            Some(room) if kernel > 0 && self.stride > 0 => room / self.stride + 1,
            _ => 0,
        };
        [count(height, self.kernel[0]), count(width, self.kernel[1]), self.outputs]
    }
    /// Height, width and channels with the padding.
    pub fn padded(&self) -> [usize; 3] {
        let [height, width, channels] = self.input;
        [height + self.pad[0] + self.pad[1], width + self.pad[2] + self.pad[3], channels]
    }
    /// Numbers in one input image.
    pub fn input_len(&self) -> usize {
        self.input.iter().product()
    }
    /// Numbers in one output image.
    pub fn output_len(&self) -> usize {
        self.output().iter().product()
    }
    /// Numbers in the kernel.
    pub fn weights_len(&self) -> usize {
        self.kernel[0] * self.run() * self.outputs
    }
    /// Numbers of one kernel row: its columns times channels.
    pub fn run(&self) -> usize {
        self.kernel[1] * self.input[2]
    }
    /// Whether there is padding.
    pub(crate) fn is_padded(&self) -> bool {
        self.pad != [0; 4]
    }
    /// Where the windows lie in padded images.
    pub(crate) fn windows(&self) -> Windows {
        let [height, width, channels] = self.padded();
        let [output_height, output_width, _] = self.output();
        Windows {
            image: height * width * channels,
            line: width * channels,
            down: self.stride * width * channels,
            across: self.stride * channels,
            output_height,
            output_width,
        }
    }
}

/// Strides of windows over padded images, in numbers.
#[derive(Debug, Clone, Copy)]
pub struct Windows {
    /// From one image to the next.
    pub image: usize,
    /// From one line of an image to the next.
    pub line: usize,
    /// From one window to the one below.
    pub down: usize,
    /// From one window to the one beside it.
    pub across: usize,
    /// Windows down.
    pub output_height: usize,
    /// Windows across.
    pub output_width: usize,
}

impl Windows {
    /// Windows in one image.
    #[inline(always)]
    pub fn per_image(&self) -> usize {
        self.output_height * self.output_width
    }
    /// Where a window begins, counted over all images.
    #[inline(always)]
    pub fn start(&self, window: usize) -> usize {
        let image = window / self.per_image();
        let inside = window % self.per_image();
        image * self.image + inside / self.output_width * self.down + inside % self.output_width * self.across
    }
}
