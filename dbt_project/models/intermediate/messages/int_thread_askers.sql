{{ thread_askers([
    ref('stg_telegram_export__messages'),
    ref('stg_whatsapp_export__messages'),
    ref('stg_tabular__messages'),
]) }}
