// Spectrograms: embedded as grey images, coloured here for a light or a dark page.

const spectra = drawing.channels.map(() => null);
let greys = [];

async function loadSpectra() {
  greys = await Promise.all(drawing.channels.map(async (channel) => {
    const canvas = document.createElement("canvas");
    canvas.width = channel.slices;
    canvas.height = channel.rows;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    let x = 0;
    for (const tile of channel.tiles) {
      const image = new Image();
      image.src = tile;
      await image.decode();
      context.drawImage(image, x, 0);
      x += image.width;
    }
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return Uint8Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i]);
  }));
  colourSpectra();
}

// Grey to colour, in pieces that no browser finds too wide.
function colourSpectra() {
  const stops = paint.ramp.map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const ramp = Array.from({ length: 256 }, (_, grey) => {
    const place = (grey / 255) * (stops.length - 1), low = Math.min(stops.length - 2, Math.floor(place)), share = place - low;
    return stops[low].map((from, i) => from + (stops[low + 1][i] - from) * share);
  });
  greys.forEach((grey, index) => {
    const { slices, rows } = drawing.channels[index];
    const tiles = [];
    for (let start = 0; start < slices; start += 4096) {
      const width = Math.min(4096, slices - start), canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = rows;
      const context = canvas.getContext("2d"), image = context.createImageData(width, rows);
      for (let y = 0; y < rows; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const colour = ramp[grey[y * slices + start + x]], at = 4 * (y * width + x);
          image.data[at] = colour[0];
          image.data[at + 1] = colour[1];
          image.data[at + 2] = colour[2];
          image.data[at + 3] = 255;
        }
      }
      context.putImageData(image, 0, 0);
      tiles.push({ canvas, start, width });
    }
    spectra[index] = tiles;
  });
}

function drawSpectrum(context, index, box) {
  const { slices, rows } = drawing.channels[index];
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.width, box.height);
  context.clip();
  context.imageSmoothingQuality = "high";
  for (const tile of spectra[index] || []) {
    const left = box.left + ((tile.start / slices) * duration - view.start) / (view.end - view.start) * box.width;
    const width = (tile.width / slices) * duration / (view.end - view.start) * box.width;
    if (left < box.left + box.width && left + width > box.left) context.drawImage(tile.canvas, 0, 0, tile.width, rows, left, box.top, width + 0.5, box.height);
  }
  context.restore();
}
