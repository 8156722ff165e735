import sharp from 'sharp';

/** The drawings of the demo's character: her face, and a pose. */
const face = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="768" height="768">
  <defs><linearGradient id="wall" x2="0" y2="1"><stop stop-color="#cfe3ea"/><stop offset="1" stop-color="#8fb3c4"/></linearGradient></defs>
  <rect width="400" height="400" fill="url(#wall)"/>
  <path d="M62 400c4-66 58-92 138-92s134 26 138 92z" fill="#2f5d62"/>
  <path d="M150 290h100v36c0 26-100 26-100 0z" fill="#e3ae8b"/>
  <path d="M92 178c-6-88 44-136 110-136s116 44 108 136c-4 48-14 84-14 84H106s-10-38-14-84z" fill="#a63c22"/>
  <ellipse cx="200" cy="206" rx="86" ry="104" fill="#f3c6a5"/>
  <path d="M112 178c8-62 48-88 92-86 46 2 78 30 84 86-30-10-46-28-56-48-20 28-66 46-120 48z" fill="#bf4a2b"/>
  <ellipse cx="164" cy="206" rx="17" ry="12" fill="#fff"/><ellipse cx="236" cy="206" rx="17" ry="12" fill="#fff"/>
  <circle cx="165" cy="207" r="9" fill="#5b7886"/><circle cx="237" cy="207" r="9" fill="#5b7886"/>
  <circle cx="165" cy="207" r="4" fill="#17202e"/><circle cx="237" cy="207" r="4" fill="#17202e"/>
  <path d="M142 184q20-14 42-3M216 181q22-11 42 3" stroke="#8c3018" stroke-width="7" fill="none" stroke-linecap="round"/>
  <path d="M200 212l-9 38q9 6 18 0" stroke="#d79a78" stroke-width="4" fill="none" stroke-linecap="round"/>
  <path d="M168 272q32 24 64 0" stroke="#b5483f" stroke-width="7" fill="none" stroke-linecap="round"/>
  <g fill="#cf8a66"><circle cx="148" cy="236" r="3"/><circle cx="160" cy="246" r="3"/><circle cx="138" cy="248" r="3"/><circle cx="252" cy="236" r="3"/><circle cx="242" cy="246" r="3"/><circle cx="262" cy="248" r="3"/></g>
</svg>`;

const pose = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 400" width="768" height="1024">
  <rect width="300" height="400" fill="#e9e4d8"/><ellipse cx="150" cy="372" rx="88" ry="11" fill="#cfc7b4"/>
  <g stroke="#4a5568" stroke-linecap="round" stroke-linejoin="round" fill="none">
    <path d="M150 118L146 226" stroke-width="46"/>
    <path d="M140 236L118 300L126 366" stroke-width="24"/><path d="M158 236L186 296L178 366" stroke-width="24"/>
    <path d="M132 118L88 160L64 108" stroke-width="18"/><path d="M168 120L206 172L186 216" stroke-width="18"/>
  </g>
  <circle cx="153" cy="70" r="30" fill="#4a5568"/>
</svg>`;

/** Draws the two reference pictures, as PNG. */
export async function drawPortraits(): Promise<{ face: Buffer; pose: Buffer }> {
  const [drawnFace, drawnPose] = await Promise.all(
    [face, pose].map((svg) => sharp(Buffer.from(svg)).png().toBuffer()),
  );
  if (!drawnFace || !drawnPose) throw new Error('The portraits could not be drawn.');
  return { face: drawnFace, pose: drawnPose };
}
