// Draws what a table on the page tells: the figures come from a JSON block, the words with them. Without this file the table stands.
const GAP_PX = { left: 52, right: 124, top: 16 };
const KEY_PX = { top: 2, height: 18, line: 22 };
const LIGHT = "#6fa5f2";
const BEFORE = "#8a94a3";
const SMALL_PX = 620;
const NEAR_POINTS = 6;
const SHIFT_PX = 36;
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function escaped(text) {
  const holder = document.createElement("span");
  holder.textContent = text;
  return holder.innerHTML;
}

function percent(value) {
  return value === null ? "--" : `${value.toFixed(1)}%`;
}

// The next 1, 2 or 5 with zeros.
function roundUp(n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= n);
}

function bigNumber(n) {
  const isChinese = document.documentElement.lang.startsWith("zh");
  return isChinese && n >= 10_000 ? `${n / 10_000}万` : n.toLocaleString();
}

// What a day says, in lines: used by the tooltip and by the arrow keys alike.
function lines(data, place) {
  const { words } = data;
  const told = (rate, visits, accepted) => (rate === null ? words.nothing : `${percent(rate)} · ${words.visits} ${visits.toLocaleString()} / ${words.accepted} ${accepted.toLocaleString()}`);
  const rising = data.openFrom !== null && place >= data.openFrom ? ` (${words.open})` : "";
  return [
    `${data.days[place]}${rising}`,
    `${words.now} ${told(data.rates[place], data.visits[place], data.accepted[place])}`,
    `${words.before} ${data.daysBefore[place]} ${told(data.ratesBefore[place], data.visitsBefore[place], data.acceptedBefore[place])}`,
  ];
}

function lastPlace(values) {
  return values.reduce((found, value, place) => (value === null ? found : place), -1);
}

// Beside the last point; out of the way of the words of the reference where both would stand.
function endLabel(data, last) {
  const away = last - data.reference;
  const shift = Math.abs(away) < NEAR_POINTS ? (away > 0 ? -SHIFT_PX : SHIFT_PX) : 0;
  return { show: true, formatter: `${data.words.now} ${percent(last)}`, color: token("--brand"), fontSize: 12, fontWeight: 600, distance: 6, offset: [0, shift] };
}

function lineSeries(data, isSmall) {
  const { words } = data;
  const open = data.openFrom === null ? data.days.length : data.openFrom;
  const settled = data.rates.map((rate, place) => (place < open ? rate : null));
  const bridge = lastPlace(settled); // the light part begins where the other ends
  const rising = data.rates.map((rate, place) => (place >= open || place === bridge ? rate : null));
  const last = data.rates[lastPlace(data.rates)];
  const common = { type: "line", symbol: "circle", symbolSize: 5, connectNulls: true };
  const nowLabel = isSmall || last === undefined ? { show: false } : endLabel(data, last);
  const endsRising = lastPlace(rising) > bridge;
  return [
    { ...common, name: "before", data: data.ratesBefore, showSymbol: false, lineStyle: { color: BEFORE, width: 1.5, type: "dotted" }, itemStyle: { color: BEFORE }, z: 1 },
    {
      ...common, name: "settled", data: settled, lineStyle: { color: token("--brand"), width: 2 }, itemStyle: { color: token("--brand") },
      showSymbol: data.days.length <= 31, endLabel: endsRising ? { show: false } : nowLabel, z: 3,
      markLine: {
        silent: true, symbol: "none", data: [{ yAxis: data.reference }], lineStyle: { color: token("--ink-2"), type: "dashed", width: 1 },
        label: isSmall
          ? { show: false } // referenceKey() tells it
          : { position: "end", formatter: `${words.reference}\n${words.quoted}`, color: token("--ink-2"), fontSize: 12, lineHeight: 16, width: GAP_PX.right - 12, overflow: "break" },
      },
    },
    {
      ...common, name: "rising", data: rising, lineStyle: { color: LIGHT, width: 2 }, itemStyle: { color: LIGHT },
      showSymbol: data.days.length <= 31, endLabel: endsRising ? nowLabel : { show: false }, z: 2,
      markArea: open < data.days.length
        ? { silent: true, itemStyle: { color: token("--subtle") }, label: { position: "insideTop", color: token("--ink-3"), fontSize: 12 }, data: [[{ name: words.open, xAxis: open }, { xAxis: data.days.length - 1 }]] }
        : undefined,
    },
  ];
}

function axes(data, isSmall) {
  const label = { color: token("--ink-3"), fontSize: 12 };
  const split = { lineStyle: { color: token("--line-2") } };
  const most = roundUp(Math.max(...data.accepted, 1));
  const highest = Math.max(data.reference, ...data.rates.filter((rate) => rate !== null), ...data.ratesBefore.filter((rate) => rate !== null));
  const top = Math.ceil((highest * 1.15) / 10) * 10;
  const category = { type: "category", data: data.days, axisTick: { show: false }, axisLine: { lineStyle: { color: token("--line") } } };
  return {
    xAxis: [
      { ...category, gridIndex: 0, axisLabel: { show: false } },
      { ...category, gridIndex: 1, axisLabel: { ...label, interval: isSmall ? Math.ceil(data.days.length / 4) - 1 : "auto" } },
    ],
    yAxis: [
      { gridIndex: 0, min: 0, max: top, splitNumber: 4, axisLabel: { ...label, formatter: "{value}%" }, splitLine: split },
      { gridIndex: 1, min: 0, max: most, interval: most, axisLabel: { ...label, formatter: (n) => bigNumber(n) }, splitLine: { show: false } },
    ],
  };
}

// On a narrow chart the words of the reference stand above the plot: beside its line they would cover what is drawn.
function referenceKey(data) {
  const ink = token("--ink-2");
  return [
    { type: "line", left: 8, top: KEY_PX.top + 3, shape: { x1: 0, y1: 0, x2: KEY_PX.line, y2: 0 }, style: { stroke: ink, lineWidth: 1, lineDash: [4, 3] }, silent: true },
    { type: "text", left: 8 + KEY_PX.line + 8, top: KEY_PX.top, style: { text: `${data.words.reference} (${data.words.quoted})`, fill: ink, fontSize: 12 }, silent: true },
  ];
}

function rateByDay(data, width) {
  const isSmall = width < SMALL_PX;
  const right = isSmall ? 12 : GAP_PX.right;
  const top = isSmall ? GAP_PX.top + KEY_PX.height : GAP_PX.top;
  return {
    animation: !STILL, animationDuration: 150, animationDurationUpdate: 150,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: [
      { left: GAP_PX.left, right, top, height: isSmall ? "55%" : "62%" },
      { left: GAP_PX.left, right, bottom: 28, height: "16%" },
    ],
    axisPointer: { link: [{ xAxisIndex: "all" }], lineStyle: { color: token("--control") } },
    tooltip: {
      trigger: "axis", confine: true, padding: 10, borderColor: token("--line"), textStyle: { color: token("--ink"), fontSize: 12 },
      formatter: (points) => lines(data, points[0].dataIndex).map(escaped).join("<br>"),
    },
    ...axes(data, isSmall),
    graphic: isSmall ? referenceKey(data) : [],
    series: [
      ...lineSeries(data, isSmall).map((one) => ({ ...one, xAxisIndex: 0, yAxisIndex: 0 })),
      { type: "bar", name: "accepted", data: data.accepted, xAxisIndex: 1, yAxisIndex: 1, barMaxWidth: 14, itemStyle: { color: "#a9caf8" } },
    ],
  };
}

// Two bars a day, such as what was claimed and what was redeemed.
function barsByDay(data, width) {
  const isSmall = width < SMALL_PX;
  const label = { color: token("--ink-3"), fontSize: 12 };
  const colors = [token("--brand"), token("--accent")];
  return {
    animation: !STILL, animationDuration: 150, animationDurationUpdate: 150,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: GAP_PX.left, right: 12, top: 36, bottom: 28 },
    legend: { top: 4, left: GAP_PX.left, itemWidth: 14, itemHeight: 10, textStyle: { color: token("--ink-2"), fontSize: 12 }, data: data.series.map((one) => one.name) },
    axisPointer: { lineStyle: { color: token("--control") } },
    tooltip: {
      trigger: "axis", confine: true, padding: 10, borderColor: token("--line"), textStyle: { color: token("--ink"), fontSize: 12 },
      formatter: (points) => barLines(data, points[0].dataIndex).map(escaped).join("<br>"),
    },
    xAxis: { type: "category", data: data.days, axisTick: { show: false }, axisLine: { lineStyle: { color: token("--line") } }, axisLabel: { ...label, interval: isSmall ? Math.max(0, Math.ceil(data.days.length / 4) - 1) : "auto" } },
    yAxis: { type: "value", minInterval: 1, splitNumber: 4, axisLabel: { ...label, formatter: (n) => bigNumber(n) }, splitLine: { lineStyle: { color: token("--line-2") } } },
    series: data.series.map((one, place) => ({ type: "bar", name: one.name, data: one.values, barMaxWidth: 14, barGap: "10%", itemStyle: { color: colors[place] } })),
  };
}

function barLines(data, place) {
  return [data.days[place], ...data.series.map((one) => `${one.name} ${one.values[place].toLocaleString()}`)];
}

// `tells` is the series whose tip the arrow keys show.
const DRAWINGS = { "rate-by-day": { option: rateByDay, lines, tells: 3 }, "bars-by-day": { option: barsByDay, lines: barLines, tells: 0 } };

function tellByKeys(drawing, chart, data, says, kind) {
  let place = data.days.length;
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) place = Math.min(Math.max(place + step, 0), data.days.length - 1);
    else if (event.key === "Home") place = 0;
    else if (event.key === "End") place = data.days.length - 1;
    else if (event.key === "Escape") { chart.dispatchAction({ type: "hideTip" }); return; }
    else return;
    event.preventDefault();
    chart.dispatchAction({ type: "showTip", seriesIndex: kind.tells, dataIndex: place });
    says.textContent = kind.lines(data, place).join("; ");
  });
  drawing.addEventListener("blur", () => chart.dispatchAction({ type: "hideTip" }));
}

function toggling(box, redraw) {
  const link = box.querySelector("[data-toggles-table]");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const showsTable = box.classList.toggle("shows-table");
    const address = new URL(link.href);
    link.textContent = showsTable ? link.dataset.chartWords : link.dataset.tableWords;
    history.replaceState(history.state, "", address);
    if (showsTable) address.searchParams.delete("view");
    else address.searchParams.set("view", "table");
    link.href = address;
    redraw();
  });
}

function draw(box) {
  const drawing = box.querySelector(".chart-drawing");
  const data = JSON.parse(document.getElementById(box.dataset.source).textContent);
  const kind = DRAWINGS[box.dataset.chart];
  box.classList.add("is-drawn");
  let chart = null;
  const redraw = () => {
    const width = drawing.clientWidth;
    if (!width) return; // the table is shown instead
    if (!chart) {
      chart = window.echarts.init(drawing, null, { renderer: "canvas" });
      tellByKeys(drawing, chart, data, box.querySelector("[data-chart-says]"), kind);
    }
    chart.resize();
    chart.setOption(kind.option(data, width), true);
  };
  toggling(box, redraw);
  new ResizeObserver(redraw).observe(drawing);
  redraw();
}

if (window.echarts) document.querySelectorAll("[data-chart]").forEach(draw);
