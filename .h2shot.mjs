import { chromium } from 'playwright-core';
const [,, out, path, width='1280', theme='light', js='', full='1', login='admin'] = process.argv;
const b = await chromium.launch({ executablePath:'/usr/bin/chromium', args:['--headless','--no-sandbox','--disable-gpu','--disable-quic','--no-first-run'] });
const c = await b.newContext({ baseURL:'http://127.0.0.1:21001', viewport:{width:+width,height:width<500?844:900}, locale: process.env.LOCALE });
const p = await c.newPage();
p.on('console', m => { if (['error','warning'].includes(m.type())) console.log('CONSOLE', m.type(), m.text().slice(0,400)); });
p.on('pageerror', e => console.log('PAGEERROR', e.message.slice(0,600)));
await p.goto('/web/login'); await p.fill('#login', login); await p.fill('#password', login); await p.click('.oe_login_buttons button[type=submit]');
await p.waitForURL(u=>u.pathname.startsWith('/odoo'));
await p.evaluate(t=>localStorage.setItem('api_gateway.theme',t), theme);
await p.goto(path); await p.waitForSelector('.o_web_client .o_main_navbar'); await p.waitForTimeout(2500);
if (js) { const f = new Function('page', `return (async()=>{${js}})()`); await f(p); }
await p.waitForTimeout(500);
if (full !== '0') { // grow the viewport to the content
  const h = await p.evaluate(()=>{ const e=[...document.querySelectorAll('.o_content,.settings,.o_action_manager *')].map(x=>x.scrollHeight+x.getBoundingClientRect().top).filter(x=>x<9000); return Math.max(900,...e.slice(0,2000)); });
  await p.setViewportSize({width:+width,height:Math.min(+full>1?+full:h,5000)}); await p.waitForTimeout(400);
}
console.log('fault', await p.evaluate(()=>getComputedStyle(document.body,'::before').content));
await p.screenshot({path:out}); await b.close();
