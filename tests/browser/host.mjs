// A host in the manner of Teams: sizes and colours are those of Microsoft's samples/HostConfig/microsoft-teams-*.json.
// How high a button is, is the host's affair: 32 px on a desktop, 44 px under a thumb (EXPERIENCE 1.14).

const COLOURS = {
  light: { page: "#f5f5f5", card: "#ffffff", text: "#252424", subtle: "#bf252424", accent: "#6264a7", line: "#d1d1d1" },
  dark: { page: "#1f1f1f", card: "#2d2c2c", text: "#ffffff", subtle: "#bfffffff", accent: "#a6a7dc", line: "#666666" },
};

export const SCHEMES = Object.keys(COLOURS);
export const WIDTHS = [320, 800];
const PHONE = 480;

export function hostConfig(scheme) {
  const { card, text, subtle, accent } = COLOURS[scheme];
  const foregroundColors = {
    default: { default: text, subtle },
    accent: { default: accent, subtle: accent },
  };
  return {
    supportsInteractivity: true,
    fontFamily: "'Segoe UI', 'Noto Sans', Arial, 'Noto Sans CJK JP', sans-serif",
    fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
    fontWeights: { lighter: 200, default: 400, bolder: 600 },
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    containerStyles: { default: { backgroundColor: card, foregroundColors } },
    textBlock: { headingLevel: 2 },
    actions: { maxActions: 6, spacing: "Default", buttonSpacing: 8, actionsOrientation: "Horizontal", actionAlignment: "Left" },
  };
}

export function style(scheme, width) {
  const { page, card, text, accent, line } = COLOURS[scheme];
  return `
    body { margin: 0; background: ${page}; }
    #card { background: ${card}; }
    #card a { color: ${accent}; }
    .ac-pushButton { box-sizing: border-box; min-height: ${width < PHONE ? 44 : 32}px; padding: 5px 12px; border-radius: 4px;
      font: 600 14px 'Segoe UI', 'Noto Sans', Arial, 'Noto Sans CJK JP', sans-serif;
      background: ${card}; color: ${text}; border: 1px solid ${line}; overflow: hidden; text-overflow: ellipsis; }`;
}
