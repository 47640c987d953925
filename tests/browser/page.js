// What runs inside the page: Microsoft's renderer draws one card, and what a person would trip over is measured.

window.drawCard = (card, hostConfig) => {
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdownit({ linkify: true }).render(text.replace(/<\/?at>/g, "")); // Teams shows a mention as the name
    result.didProcess = true;
  };
  AdaptiveCards.CardElement.langProperty.regEx.lastIndex = 0; // the renderer forgets to: each second card would be refused
  const drawn = new AdaptiveCards.AdaptiveCard();
  drawn.hostConfig = new AdaptiveCards.HostConfig(hostConfig);
  const context = new AdaptiveCards.SerializationContext();
  drawn.parse(card, context);
  const said = [];
  for (let i = 0; i < context.eventCount; i++) said.push(context.getEventAt(i).message);
  said.push(...drawn.validateProperties().validationEvents.map((event) => event.message));
  const place = document.getElementById("card");
  place.replaceChildren(drawn.render());
  document.documentElement.lang = card.lang;
  return said;
};

window.press = (title) => buttonOf(title).click();

window.measure = (joinTitle) => {
  const place = document.getElementById("card");
  const all = [...place.querySelectorAll("*")].filter((element) => element.getClientRects().length);
  const join = joinTitle === null ? null : buttonOf(joinTitle).getBoundingClientRect();
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    clipped: all.filter(isClipped).map((element) => element.textContent.slice(0, 60)),
    outside: textsOutside(place),
    join: join && { bottom: Math.round(join.bottom), height: Math.round(join.height) },
  };
};

function buttonOf(title) {
  return [...document.querySelectorAll("#card button")].find((button) => button.textContent === title);
}

function isClipped(element) {
  if (element.matches("input, textarea, select, option")) return false; // what is typed scrolls
  const hides = (way) => way !== "visible";
  const { overflowX, overflowY } = getComputedStyle(element);
  return (
    (hides(overflowX) && element.scrollWidth > element.clientWidth + 1) ||
    (hides(overflowY) && element.scrollHeight > element.clientHeight + 1)
  );
}

function textsOutside(place) {
  const { left, right } = place.getBoundingClientRect();
  const found = [];
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()];
    if (boxes.some((box) => box.left < left - 1 || box.right > right + 1)) found.push(node.textContent.slice(0, 60));
  }
  return found;
}
