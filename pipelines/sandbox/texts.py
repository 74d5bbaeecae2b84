"""What people and the bot of the emulated company write, in Russian and English.

A message is composed of several parts (greeting, body by topic, tail) whose slots are filled from
short lists, and customers' lines are roughened the way people type. Courtesy lines stay exactly as
they are listed: whether a message needs an answer must be certain in the world's own books. A line
has at most one slot of a person (`name`, `agent`, `phone`, `email`); the others are filled when the
pools are rendered (`pools.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

Lines = Sequence[str]

SALES_TOPICS: Final = ("price", "availability", "delivery", "choice", "discount")
SERVICE_TOPICS: Final = ("order_status", "return", "defect", "setup", "payment")

# As asked for (accusative), as the CRM calls it, price in roubles.
PRODUCTS: Final[tuple[tuple[str, str, int], ...]] = (
    ("рожковую кофеварку Vapore 15", "Рожковая кофеварка Vapore 15", 18_900),
    ("автоматическую кофемашину Lungo S3", "Кофемашина Lungo S3", 54_900),
    ("кофемашину Lungo S7 с капучинатором", "Кофемашина Lungo S7", 89_500),
    ("кофемолку Macina 40", "Кофемолка Macina 40", 12_400),
    ("кофемолку Macina 64 Pro", "Кофемолка Macina 64 Pro", 31_700),
    ("капельную кофеварку Goccia", "Капельная кофеварка Goccia", 7_990),
    ("зерно Бразилия Серрадо, 1 кг", "Зерно Бразилия Серрадо, 1 кг", 2_150),
    ("зерно Эфиопия Иргачеффе, 1 кг", "Зерно Эфиопия Иргачеффе, 1 кг", 2_980),
    ("подписку на зерно на три месяца", "Подписка на зерно, 3 месяца", 8_400),
    ("набор для альтернативы «Старт»", "Набор для альтернативы «Старт»", 5_600),
    ("водяной фильтр Pura, 3 шт.", "Фильтр Pura, 3 шт.", 2_700),
    ("кофейный уголок для офиса", "Кофейный уголок для офиса", 148_000),
)
PRODUCTS_EN: Final = (
    "the Vapore 15 espresso machine",
    "the Lungo S3",
    "the Lungo S7",
    "the Macina 40 grinder",
    "the Macina 64 Pro",
    "a kilo of Yirgacheffe",
)
CITIES: Final = (
    "Москву", "Тверь", "Казань", "Екатеринбург", "Химки", "Новосибирск", "Калугу", "Самару",
    "Воронеж", "Пермь", "Мытищи", "Краснодар",
)  # fmt: skip
DAYS: Final = ("завтра", "послезавтра", "в пятницу", "в понедельник", "к выходным", "через неделю")
DAYS_EN: Final = ("tomorrow", "on Friday", "by the weekend", "next week")

GREETINGS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Здравствуйте!", "Добрый день!", "Добрый вечер!", "Здравствуйте,", "Привет!",
        "Доброго дня!", "Приветствую,", "Доброе утро!", "Добрый день, подскажите пожалуйста.",
    ),
    "en": ("Hello!", "Hi there,", "Good afternoon!", "Hi!"),
}  # fmt: skip

QUESTIONS: Final[Mapping[str, Mapping[str, Lines]]] = {
    "ru": {
        "price": (
            "Сколько стоит, если взять {product}?",
            "Почём сейчас {product_short}? На сайте цена не открывается",
            "Хочу купить {product}, сколько выйдет с доставкой в {city}?",
            "Цена на {product_short} за {n} шт. какая будет?",
            "Пришлите прайс, пожалуйста, интересует {product_short}",
            "А можно счёт на {product}? Нам на организацию",
        ),
        "availability": (
            "Есть в наличии {product_short}?",
            "Когда снова появится {product_short}? Жду уже месяц",
            "Ищу {product}, у вас осталось что-нибудь?",
            "На складе в Москве есть {product_short}, чтобы забрать {day}?",
            "Можно отложить {product} до субботы?",
        ),
        "delivery": (
            "Доставляете в {city}? Сколько по времени?",
            "Если оплачу сегодня, успеете привезти {day} в {city}?",
            "Сколько стоит доставка в {city}, вес примерно {n} кг?",
            "А самовывоз у вас есть? Хочу забрать {product}",
            "Какой транспортной отправляете в {city}?",
        ),
        "choice": (
            "Посоветуйте, что взять домой: {product} или что-то проще?",
            "Чем отличается Lungo S3 от S7? Стоит ли переплачивать?",
            "Ищем машину в офис на {n} человек, что порекомендуете?",
            "Нужна кофемолка под эспрессо, бюджет до {amount} р. Что посоветуете?",
            "Подойдёт ли {product_short} для латте? Пьём в основном с молоком",
            "Какое зерно лучше для турки?",
        ),
        "discount": (
            "Есть ли скидка, если взять {product} и кофемолку вместе?",
            "Промокод {promo} ещё работает? Пишет, что недействителен",
            "Видел у конкурентов дешевле на {amount} р, сделаете такую же цену?",
            "Можно в рассрочку {product}?",
            "Для постоянных клиентов есть какие-то бонусы?",
        ),
        "order_status": (
            "Где мой заказ №{order}? Обещали {day}",
            "Заказ {order}, статус не меняется уже третий день. Что с ним?",
            "Когда приедет курьер по заказу {order}?",
            "Трек-номер по заказу {order} не отслеживается, проверьте пожалуйста",
            "Можно перенести доставку заказа {order}? Буду дома только {day}",
        ),
        "return": (
            "Хочу вернуть {product}, не подошла по размеру. Как это сделать?",
            "Сколько ждать возврат денег по заказу {order}?",
            "Привезли не тот цвет, заказ {order}. Обменяете?",
            "Отменил заказ {order}, деньги не вернулись. Когда ждать?",
            "Коробка мятая, забирать не стала. Что дальше с возвратом по {order}?",
        ),
        "defect": (
            "Кофемашина течёт снизу, купили {n} недели назад. Что делать?",
            "Перестала греть воду, горит красная лампочка. Это гарантия?",
            "Кофемолка Macina шумит и пахнет горелым, куда обратиться?",
            "После чистки не включается, гарантия ещё {n} мес. Куда везти?",
            "Капучинатор не взбивает молоко, хотя всё промыли. Как быть?",
        ),
        "setup": (
            "Как настроить помол на Lungo? Кофе слишком кислый",
            "Какой программой делать декальцинацию, есть инструкция?",
            "Не могу подключить приложение к машине, пишет ошибка {n}0{n}",
            "Сколько грамм засыпать на двойной эспрессо?",
            "Как часто менять фильтр Pura, если вода жёсткая?",
        ),
        "payment": (
            "Оплата не проходит, карту пробовал две. Что делать?",
            "Списали деньги дважды за заказ {order}! Верните, пожалуйста",
            "Можно оплатить по счёту от ИП? Реквизиты пришлю",
            "Чек по заказу {order} на почту не пришёл, отправьте на {email}",
            "Ссылка на оплату не открывается, пришлите новую?",
        ),
    },
    "en": {
        "price": (
            "How much is {product_en} with delivery?",
            "What's the price of {product_en} now?",
            "Could you send me an invoice for {product_en}?",
        ),
        "availability": (
            "Is {product_en} in stock?",
            "When will {product_en} be available again?",
        ),
        "delivery": (
            "Do you deliver to Moscow region? How long does it take?",
            "Can I pick up {product_en} {day_en}?",
        ),
        "choice": (
            "Which grinder would you recommend for espresso?",
            "Is {product_en} good enough for a small office of {n}?",
        ),
        "discount": (
            "Is there a discount if I take two?",
            "Does promo code {promo} still work?",
        ),
        "order_status": (
            "Where is my order {order}? It was promised {day_en}",
            "The tracking number of order {order} shows nothing, could you check?",
        ),
        "return": (
            "I'd like to return {product_en}, how do I do that?",
            "When will I get the refund for order {order}?",
        ),
        "defect": (
            "My machine is leaking after two weeks, what should I do?",
            "{product_en} does not switch on any more. Is it under warranty?",
        ),
        "setup": (
            "How do I run descaling on the Lungo?",
            "How many grams for a double shot?",
        ),
        "payment": (
            "My card is declined, how else can I pay?",
            "I was charged twice for order {order}, please check",
        ),
    },
}

# Second and third messages of a customer in a row.
ADDITIONS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Забыл сказать, нужно именно {day}",
        "Адрес: ул. Лесная, д. {n}, кв. {n}{n}",
        "И ещё вопрос, есть ли гарантия?",
        "Если что, я на связи после {n} часов",
        "Мой номер {phone}, можете позвонить",
        "Почта {email}, если удобнее туда",
        "Вот такая модель, если важно: {product_short}",
        "Бюджет до {amount} р",
        "Вот ссылка: https://zerno-par.example/item/{order}",
        "Срочно надо, гости {day}",
        "Это для мамы, ей попроще бы",
    ),
    "en": (
        "I need it {day_en}",
        "My phone is {phone}",
        "Also, is there a warranty?",
        "Here is the link: https://zerno-par.example/item/{order}",
    ),
}

FOLLOW_UPS: Final[Mapping[str, Lines]] = {
    "ru": (
        "А если оплачу картой, скидка будет?",
        "Понятно. А сроки какие?",
        "А гарантия сколько?",
        "Хорошо, а как оплатить?",
        "Подскажите ещё по комплекту: фильтр входит?",
        "Ясно. А можно чуть дешевле?",
        "Тогда давайте, оформляйте. Что от меня нужно?",
        "А курьер сначала позвонит?",
        "Мне сказали другое, уточните пожалуйста",
        "Это точно? На сайте написано иначе",
        "Номер заказа {order}, посмотрите",
        "Не помогло, всё то же самое. Что ещё попробовать?",
        "А юрлицу счёт выставите?",
        "Сейчас пришлю фото",
        "Можно доставить {day} до обеда?",
        "Если в {city}, то сколько дней?",
    ),
    "en": (
        "And how long is the warranty?",
        "Can I pay by card on delivery?",
        "That did not help, what else can I try?",
        "Let's do it, what do you need from me?",
        "My order number is {order}",
    ),
}

# What the bot does not understand.
ODD_QUESTIONS: Final[Mapping[str, Lines]] = {
    "ru": (
        "а если я в другом городе, но карта московская?",
        "Мне сосед отдал вашу старую машину, она будет работать с этим зерном?",
        "Вы на прошлой неделе обещали перезвонить, помните?",
        "можно поменять цвет ручки на деревянную?",
        "Чай у вас бывает?",
        "Хочу оставить отзыв про мастера, куда писать?",
        "мне бы как в прошлый раз, только помол другой",
    ),
    "en": (
        "Do you speak English?",
        "Can I change the colour of the handle?",
        "Same as last time but ground for filter please",
    ),
}

# What stands before a further turn, on either side.
CUSTOMER_LINKS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Ага.", "Спасибо за ответ!", "Понятно, спасибо.", "Так,", "Ну хорошо.", "Слушайте,",
        "Извините, что пристаю.", "И последнее.", "Посмотрела, да.", "Только что проверил.",
        "Хм,", "Мы тут посоветовались.", "Вопрос от мужа:",
    ),
    "en": ("I see.", "Thanks for the answer!", "One more thing.", "Right,"),
}  # fmt: skip
AGENT_LINKS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Да, конечно.", "Понимаю вас.", "Хороший вопрос!", "Уточнила на складе.",
        "Конечно, помогу.", "{name}, смотрите.", "Спасибо, что подождали.",
        "Извините за неудобства.",
    ),
    "en": ("Sure.", "Thank you for waiting.", "Sorry about that."),
}  # fmt: skip

NUDGES: Final[Mapping[str, Lines]] = {
    "ru": (
        "Ау, вы тут?", "Есть кто живой?", "Ответьте пожалуйста", "Жду ответа уже {n} часа",
        "??", "Вы вообще читаете сообщения?", "Напомню про свой вопрос", "Ну так что по заказу?",
    ),
    "en": ("Anybody there?", "Still waiting for an answer", "??"),
}  # fmt: skip

COMPLAINTS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Это ужас какой-то, второй раз одно и то же. Когда решите?",
        "Я очень недоволен, {n} дня тишины!",
        "Отвратительный сервис, буду писать отзыв",
        "Меня уже трижды перекидывают, кто-нибудь решит вопрос?",
        "Вы обещали {day}, и где?",
    ),
    "en": (
        "This is terrible service. When will it be solved?",
        "I am really disappointed, nobody helps",
    ),
}

PRAISE: Final[Mapping[str, Lines]] = {
    "ru": (
        "Супер, очень быстро отвечаете! А зерно тоже у вас брать?",
        "Отлично, вы меня выручили. Ещё вопрос: как чистить?",
        "Классно, беру! Как оплатить?",
    ),
    "en": ("Great, that is fast! How do I pay?",),
}

COURTESY: Final[Mapping[str, Lines]] = {
    "ru": (
        "Спасибо!", "спасибо", "Спасибо большое!", "Большое спасибо", "Ок, спасибо", "👍",
        "Хорошо, спасибо", "Понял, спасибо", "Благодарю!",
    ),
    "en": ("Thank you!", "Thanks!", "ok, thanks"),
}  # fmt: skip

AGENT_OPENERS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Здравствуйте! Меня зовут {agent}.", "Добрый день!", "Здравствуйте, {name}!",
        "{name}, добрый день!", "Здравствуйте! Спасибо, что написали.",
    ),
    "en": ("Hello, {agent} here.", "Hi {name}!", "Good afternoon!"),
}  # fmt: skip

ANSWERS: Final[Mapping[str, Mapping[str, Lines]]] = {
    "ru": {
        "price": (
            "Сейчас {product_short} стоит {amount} р., доставка по Москве бесплатно.",
            "Цена {amount} р., при оплате сегодня закрепим её за вами.",
            "Счёт подготовила, действует три дня. Сумма {amount} р.",
            "За {n} шт. выйдет {amount} р. с учётом скидки за количество.",
        ),
        "availability": (
            "Да, есть на складе, осталось {n} шт.",
            "Поставка ожидается {day}, могу отложить для вас.",
            "В наличии в шоуруме, можно забрать {day}.",
            "Эту модель сняли, вместо неё предлагаем Lungo S3.",
        ),
        "delivery": (
            "В {city} доставим за {n} дня, стоимость {amount} р.",
            "Привезём {day} с 10 до 18, курьер позвонит за час.",
            "Самовывоз с Лесной, 5, ежедневно до 20:00.",
            "Отправляем СДЭК и Деловыми Линиями, как вам удобнее.",
        ),
        "choice": (
            "Для дома чаще берут Lungo S3: одна кнопка и простая чистка.",
            "Под эспрессо лучше Macina 64 Pro, у неё ровнее помол.",
            "На офис до {n}0 человек подойдёт Lungo S7, готовит до 40 чашек в час.",
            "Если пьёте с молоком, берите модель с автоматическим капучинатором.",
        ),
        "discount": (
            "Комплектом дадим скидку 7 %, итого {amount} р.",
            "Промокод продлили до конца месяца, попробуйте ещё раз.",
            "Рассрочка на 6 месяцев без переплаты, оформляется за 10 минут.",
            "Снизить цену не можем, но положим килограмм зерна в подарок.",
        ),
        "order_status": (
            "Проверила заказ {order}: передан в доставку, будет {day}.",
            "Заказ {order} на сортировке, трек обновится вечером.",
            "Перенесла доставку, курьер приедет {day}.",
            "Извините за задержку. Связался со складом, отгрузят {day}.",
        ),
        "return": (
            "Оформила возврат, курьер заберёт посылку {day}.",
            "Деньги вернутся на карту в течение {n} рабочих дней.",
            "Обменяем за наш счёт, пришлите фото коробки и чека.",
            "Заявление на возврат отправил на почту, подпишите и вышлите скан.",
        ),
        "defect": (
            "Это гарантийный случай, сервис бесплатный. Привезёте или прислать курьера?",
            "Проверьте уплотнитель бака, часто дело в нём.",
            "Мастер может приехать {day}, записать вас?",
            "Пришлите, пожалуйста, видео и серийный номер с наклейки снизу.",
        ),
        "setup": (
            "Поставьте помол на деление мельче и проверьте вкус.",
            "Зажмите «Сервис» на 5 секунд, дальше по шагам на экране.",
            "Обычно 18 г на двойной, пролив 25–30 секунд.",
            "Удалите приложение, включите Bluetooth и добавьте машину заново.",
        ),
        "payment": (
            "Двойное списание вижу, второе вернётся за {n} дня.",
            "Вот новая ссылка на оплату: https://pay.zerno-par.example/{order}",
            "Чек отправил повторно, проверьте папку «Спам».",
            "Попробуйте через СБП, карты этого банка сегодня не проходят.",
        ),
    },
    "en": {
        "price": ("It is {amount} RUB, delivery is included.",),
        "availability": ("Yes, {n} left in stock.",),
        "delivery": ("We deliver in {n} days, the courier will call you.",),
        "choice": ("Most people take the Lungo S3, it is the easiest to clean.",),
        "discount": ("For two items we give 7 % off.",),
        "order_status": ("Order {order} is on its way, it will arrive {day_en}.",),
        "return": ("I have arranged the return, the refund takes {n} days.",),
        "defect": ("It is covered by the warranty, please send a short video.",),
        "setup": ("Hold the service button for 5 seconds and follow the steps.",),
        "payment": ("Here is a new link: https://pay.zerno-par.example/{order}",),
    },
}

AGENT_ADDITIONS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Подскажите, пожалуйста, ваш город и телефон для доставки.",
        "Если удобно, могу созвониться с вами и всё показать.",
        "Гарантия два года, сервисный центр в Москве.",
        "Уточню у коллег и вернусь с ответом.",
        "Одну минуту, проверяю.",
        "Вот карточка товара: https://zerno-par.example/item/{order}",
        "Оформить заказ?",
        "Что-то ещё подсказать?",
    ),
    "en": ("One moment, I am checking.", "Shall I place the order?", "Anything else?"),
}

AGENT_CLOSINGS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Рады помочь! Хорошего дня.", "Обращайтесь, всегда на связи.", "Всего доброго!",
        "Спасибо за заказ, хорошего кофе!",
    ),
    "en": ("Happy to help!", "Have a nice day!"),
}  # fmt: skip

OUTBOUND: Final[Mapping[str, Lines]] = {
    "ru": (
        "{name}, здравствуйте! Это «Зерно и Пар». Вы смотрели {product_short}, помочь?",
        "Добрый день! У нас новая обжарка, прислать описание?",
        "{name}, напоминаю про коммерческое предложение. Получилось посмотреть?",
        "Здравствуйте! Пора менять фильтр, оформить доставку?",
        "{name}, добрый день! Как вам кофемашина, всё в порядке?",
    ),
    "en": (
        "Hi {name}, are you still looking for {product_en}?",
        "Good afternoon! {product_en} is back in stock. Shall I reserve one for {day_en}?",
        "Hi {name}, a short reminder about our offer. Did you have a look?",
    ),
}
OUTBOUND_REPLIES: Final[Mapping[str, Lines]] = {
    "ru": (
        "Да, интересно. Сколько сейчас стоит?", "Ой, забыла! А скидка ещё действует?",
        "Да, давайте. Когда сможете привезти?", "Думаем пока. Какие условия по рассрочке?",
    ),
    "en": ("Yes, how much is it now?",),
}  # fmt: skip

BOT_MENU: Final = (
    "Здравствуйте! Я бот «Зерно и Пар» ☕ Выберите, с чем помочь, "
    "или напишите «оператор», и я позову человека."
)
BOT_BUTTONS: Final[Mapping[str, str]] = {
    "📦 Статус заказа": (
        "Заказы едут 1–3 дня. Введите номер на zerno-par.example/track и увидите, где посылка."
    ),
    "💳 Оплата": (
        "Платить можно картой, через СБП и по счёту. Ссылка приходит в SMS после оформления."
    ),
    "🚚 Доставка": (
        "По Москве доставляем на следующий день, по России за 2–7 дней. Самовывоз до 20:00."
    ),
    "↩️ Возврат": "Вернуть товар можно 14 дней. Заявление лежит на zerno-par.example/return.",
    "🕘 Часы работы": "Мы на связи каждый день с 9 до 21 по Москве.",
}  # fmt: skip
BOT_FALLBACKS: Final = (
    "Извините, я не понял вопрос. Попробуйте сформулировать иначе или выберите пункт меню.",
    "Пока не умею отвечать на такое. Переформулируйте, пожалуйста, или напишите «оператор».",
)
BOT_HANDOFF: Final = "Перевожу на оператора. Опишите, пожалуйста, вопрос, специалист скоро ответит."
BOT_MORE: Final = "Помог ли ответ? Если нет, напишите «оператор»."
HANDOFF_REQUESTS: Final = (
    "Оператор", "оператор", "Позовите оператора", "Соедините с человеком", "хочу живого человека",
)  # fmt: skip
AUTO_REPLY: Final = (
    "Спасибо за обращение! Сейчас мы не работаем, ответим в рабочее время: ежедневно с 9 до 21."
)

# Told by a customer and marked by the agent as needing no answer.
STATEMENTS: Final[Mapping[str, Lines]] = {
    "ru": (
        "Тогда жду звонка {day}", "Передам мужу, он решит", "Буду у вас {day} после обеда",
        "Оплатил, чек на почте", "Заберу сам, пропуск не нужен",
    ),
    "en": ("I will come by {day_en}", "Paid, the receipt is in my mail"),
}  # fmt: skip

# Approved templates of the messenger: the first words to a customer, and news of an order.
TEMPLATES: Final[Mapping[str, Lines]] = {
    "ru": (
        "{name}, ваш заказ {order} собран. Подтвердите, пожалуйста, время доставки.",
        "Здравствуйте! Напоминаем про {product_short} в вашей корзине. Оформить заказ?",
        "{name}, прошло полгода: пора проверить фильтр. Прислать мастера {day}?",
    ),
    "en": ("Hi {name}, your order {order} is packed. Please confirm the delivery time.",),
}
NOTICES: Final[Mapping[str, Lines]] = {
    "ru": (
        "Заказ {order} передан в доставку.", "Оплата по заказу {order} получена.",
        "Счёт по заказу {order} отправлен на почту.",
    ),
    "en": ("Order {order} has been shipped.", "Payment for order {order} received."),
}  # fmt: skip
BROADCASTS: Final = (
    "Новая обжарка: Эфиопия Иргачеффе со скидкой 15 % до конца недели.",
    "Чёрная пятница: кофемолки Macina дешевле на треть, только три дня.",
    "К 8 Марта: при покупке кофемашины набор зерна в подарок.",
    "Летний график: доставка в выходные теперь бесплатна.",
)

SAVED_NOTES: Final = ("перезвонить по счёту в среду", "скрипт по рассрочке, не потерять")

# Reasons for which a deal is lost, as the CRM lists them.
LOSS_REASONS: Final = (
    "Дорого", "Не отвечает", "Выбрали конкурента", "Передумал", "Нет в наличии",
    "Не устроили сроки",
)  # fmt: skip


def building_lines() -> set[str]:
    """Return every distinct line that messages are composed of."""
    lines: set[str] = {BOT_MENU, BOT_HANDOFF, BOT_MORE, AUTO_REPLY, *BOT_FALLBACKS, *SAVED_NOTES}
    lines.update(BROADCASTS)
    lines.update(HANDOFF_REQUESTS, BOT_BUTTONS, BOT_BUTTONS.values())
    for by_topic in (QUESTIONS, ANSWERS):
        for topics in by_topic.values():
            for group in topics.values():
                lines.update(group)
    for by_language in (
        GREETINGS, ADDITIONS, FOLLOW_UPS, ODD_QUESTIONS, NUDGES, COMPLAINTS, PRAISE, COURTESY,
        CUSTOMER_LINKS, AGENT_LINKS, AGENT_OPENERS, AGENT_ADDITIONS,
        AGENT_CLOSINGS, OUTBOUND, OUTBOUND_REPLIES, STATEMENTS, TEMPLATES, NOTICES,
    ):  # fmt: skip
        for group in by_language.values():
            lines.update(group)
    return lines
